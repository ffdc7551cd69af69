-- title: Activity of principals
-- question: When was each principal last authorised, and when was it last denied, over all days in the store?
-- columns: account, principal_key, principal_arn, principal_type, allowed_calls, denied_calls, error_calls, first_allowed_ms, last_allowed_ms, last_denied_ms
-- size: large
SELECT
    MAX(e.principal_account) AS account,
    e.principal_key AS principal_key,
    MAX(e.principal_arn) AS principal_arn,
    MAX(e.principal_type) AS principal_type,
    CAST(SUM(CASE WHEN e.outcome = 'allowed' THEN 1 ELSE 0 END) AS BIGINT) AS allowed_calls,
    CAST(SUM(CASE WHEN e.outcome = 'denied' THEN 1 ELSE 0 END) AS BIGINT) AS denied_calls,
    CAST(SUM(CASE WHEN e.outcome = 'error' THEN 1 ELSE 0 END) AS BIGINT) AS error_calls,
    MIN(CASE WHEN e.outcome = 'allowed' THEN e.event_time_ms END) AS first_allowed_ms,
    MAX(CASE WHEN e.outcome = 'allowed' THEN e.event_time_ms END) AS last_allowed_ms,
    MAX(CASE WHEN e.outcome = 'denied' THEN e.event_time_ms END) AS last_denied_ms
FROM events AS e
CROSS JOIN params AS p
WHERE e.principal_key IS NOT NULL
    AND e.event_time_ms < p.as_of_ms
GROUP BY e.principal_key
ORDER BY principal_key ASC NULLS LAST
