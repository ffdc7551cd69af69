-- title: Days on which principals were authorised
-- question: On which days of the window was each principal authorised, and how often?
-- columns: principal_key, date, calls
-- size: large
-- The strips of use on the page are drawn from these days.
SELECT
    e.principal_key AS principal_key,
    e.date AS date,
    CAST(COUNT(e.event_id) AS BIGINT) AS calls
FROM events AS e
CROSS JOIN params AS p
WHERE e.principal_key IS NOT NULL
    AND e.date IS NOT NULL
    AND e.outcome = 'allowed'
    AND e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
GROUP BY e.principal_key, e.date
ORDER BY principal_key ASC NULLS LAST, date ASC NULLS LAST
