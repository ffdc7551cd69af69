-- title: Days of use before the window
-- question: On which days before the window was an action used by a principal that has not used it in the window?
-- columns: principal_key, principal_arn, action, date
-- size: large
-- A rhythm of months, quarters or years is read from these days.
WITH used AS (
    SELECT
        a.principal_key AS principal_key,
        a.principal_arn AS principal_arn,
        a.action AS action,
        a.date AS date,
        CASE WHEN a.event_time_ms >= p.window_start_ms THEN 1 ELSE 0 END AS in_window
    FROM event_actions AS a
    CROSS JOIN params AS p
    WHERE a.outcome = 'allowed'
        AND a.action IS NOT NULL
        AND a.principal_key IS NOT NULL
        AND a.event_time_ms < p.as_of_ms
),
idle AS (
    SELECT principal_key, action
    FROM used
    GROUP BY principal_key, action
    HAVING MAX(in_window) = 0
)
SELECT
    u.principal_key AS principal_key,
    MAX(u.principal_arn) AS principal_arn,
    u.action AS action,
    u.date AS date
FROM used AS u
INNER JOIN idle AS i ON u.principal_key = i.principal_key AND u.action = i.action
GROUP BY u.principal_key, u.action, u.date
ORDER BY principal_key ASC NULLS LAST, action ASC NULLS LAST, date ASC NULLS LAST
