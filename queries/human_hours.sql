-- title: When people work in roles
-- question: At which hours of the week (UTC) did people call in roles, in each account?
-- columns: account, hour_of_week, calls, roles
-- size: large
-- Hour 0 is Monday 00:00. A role is one that people use if a session of it had MFA, had an e-mail address for a name, or came from Identity
-- Center. Times count from a Thursday (1970-01-01), 72 hours after a Monday.
WITH told AS (
    SELECT
        e.principal_account AS account,
        e.principal_key AS principal_key,
        CASE
            WHEN e.mfa_authenticated THEN 1
            WHEN e.session_name LIKE '%@%' THEN 1
            WHEN e.principal_arn LIKE '%:role/aws-reserved/sso.amazonaws.com/%' THEN 1
            ELSE 0
        END AS is_somebody,
        CAST(FLOOR(e.event_time_ms / 3600000.0) AS BIGINT) + 72 AS since_monday
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
        AND e.principal_type = 'AssumedRole'
        AND e.principal_key IS NOT NULL
        AND e.outcome = 'allowed'
),
human AS (
    SELECT principal_key
    FROM told
    GROUP BY principal_key
    HAVING MAX(is_somebody) = 1
),
hours AS (
    SELECT
        t.account AS account,
        t.principal_key AS principal_key,
        t.since_monday - 168 * CAST(FLOOR(t.since_monday / 168.0) AS BIGINT) AS hour_of_week
    FROM told AS t
    INNER JOIN human AS h ON t.principal_key = h.principal_key
),
counted AS (
    SELECT account, CAST(COUNT(DISTINCT principal_key) AS BIGINT) AS roles
    FROM hours
    GROUP BY account
)
SELECT
    h.account AS account,
    h.hour_of_week AS hour_of_week,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MAX(c.roles) AS roles
FROM hours AS h
INNER JOIN counted AS c ON h.account = c.account
GROUP BY h.account, h.hour_of_week
ORDER BY account ASC NULLS LAST, hour_of_week ASC NULLS LAST
