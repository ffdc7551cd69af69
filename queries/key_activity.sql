-- title: Activity of access keys
-- question: Which long-lived access key was used by whom, from how many addresses, and when?
-- columns: account, principal_key, principal_arn, access_key_id, calls, first_seen_ms, last_seen_ms, addresses, services
-- size: large
SELECT
    e.principal_account AS account,
    e.principal_key AS principal_key,
    MAX(e.principal_arn) AS principal_arn,
    e.access_key_id AS access_key_id,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(e.event_time_ms) AS first_seen_ms,
    MAX(e.event_time_ms) AS last_seen_ms,
    CAST(COUNT(DISTINCT e.source_ip) AS BIGINT) AS addresses,
    CAST(COUNT(DISTINCT e.event_source) AS BIGINT) AS services
FROM events AS e
CROSS JOIN params AS p
WHERE e.access_key_id LIKE 'AKIA%'
    AND e.outcome = 'allowed'
    AND e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
GROUP BY e.principal_account, e.principal_key, e.access_key_id
ORDER BY account ASC NULLS LAST, principal_key ASC NULLS LAST, access_key_id ASC NULLS LAST
