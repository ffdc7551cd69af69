-- title: What access keys are used for
-- question: For which services, in which regions was each long-lived access key used?
-- columns: account, access_key_id, event_source, region, allowed_calls, denied_calls, first_seen_ms, last_seen_ms
-- size: large
SELECT
    e.principal_account AS account,
    e.access_key_id AS access_key_id,
    e.event_source AS event_source,
    e.region AS region,
    CAST(SUM(CASE WHEN e.outcome = 'allowed' THEN 1 ELSE 0 END) AS BIGINT) AS allowed_calls,
    CAST(SUM(CASE WHEN e.outcome = 'denied' THEN 1 ELSE 0 END) AS BIGINT) AS denied_calls,
    MIN(e.event_time_ms) AS first_seen_ms,
    MAX(e.event_time_ms) AS last_seen_ms
FROM events AS e
CROSS JOIN params AS p
WHERE e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
    AND e.access_key_id LIKE 'AKIA%'
GROUP BY e.principal_account, e.access_key_id, e.event_source, e.region
ORDER BY account ASC NULLS LAST, access_key_id ASC NULLS LAST, event_source ASC NULLS LAST, region ASC NULLS LAST
