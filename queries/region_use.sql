-- title: Use by region and service
-- question: Which services are used in which regions of which account?
-- columns: account, region, event_source, allowed_calls, denied_calls, write_calls, principals, first_seen_ms, last_seen_ms
-- size: large
SELECT
    e.account AS account,
    e.region AS region,
    e.event_source AS event_source,
    CAST(SUM(CASE WHEN e.outcome = 'allowed' THEN 1 ELSE 0 END) AS BIGINT) AS allowed_calls,
    CAST(SUM(CASE WHEN e.outcome = 'denied' THEN 1 ELSE 0 END) AS BIGINT) AS denied_calls,
    CAST(SUM(CASE WHEN e.outcome = 'allowed' AND NOT e.read_only THEN 1 ELSE 0 END) AS BIGINT) AS write_calls,
    CAST(COUNT(DISTINCT e.principal_key) AS BIGINT) AS principals,
    MIN(e.event_time_ms) AS first_seen_ms,
    MAX(e.event_time_ms) AS last_seen_ms
FROM events AS e
CROSS JOIN params AS p
WHERE e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
GROUP BY e.account, e.region, e.event_source
ORDER BY account ASC NULLS LAST, region ASC NULLS LAST, event_source ASC NULLS LAST
