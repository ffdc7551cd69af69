-- title: Calls without a known action
-- question: Which calls did principals make whose action the reference does not know?
-- columns: account, principal_key, principal_arn, event_source, event_name, calls, first_seen_ms, last_seen_ms
-- size: large
SELECT
    a.principal_account AS account,
    a.principal_key AS principal_key,
    MAX(a.principal_arn) AS principal_arn,
    a.event_source AS event_source,
    a.event_name AS event_name,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(a.event_time_ms) AS first_seen_ms,
    MAX(a.event_time_ms) AS last_seen_ms
FROM event_actions AS a
CROSS JOIN params AS p
WHERE a.action IS NULL
    AND a.event_time_ms >= p.window_start_ms
    AND a.event_time_ms < p.as_of_ms
GROUP BY a.principal_account, a.principal_key, a.event_source, a.event_name
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    event_source ASC NULLS LAST,
    event_name ASC NULLS LAST
