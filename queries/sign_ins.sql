-- title: Signing in to the console
-- question: Who signed in, who failed to, and was MFA used?
-- columns: account, principal_type, principal_key, principal_arn, event_name, outcome, mfa_used, calls, addresses, first_seen_ms, last_seen_ms, sample_event_id
-- size: large
WITH told AS (
    SELECT
        e.account AS account,
        e.principal_type AS principal_type,
        e.principal_key AS principal_key,
        e.principal_arn AS principal_arn,
        e.event_name AS event_name,
        CASE WHEN e.signed_in THEN 'success' ELSE 'failure' END AS outcome,
        e.mfa_used AS mfa_used,
        e.source_ip AS source_ip,
        e.event_time_ms AS event_time_ms,
        e.event_id AS event_id
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
        AND e.event_source = 'signin.amazonaws.com'
        AND e.signed_in IS NOT NULL
)
SELECT
    account,
    principal_type,
    principal_key,
    principal_arn,
    event_name,
    outcome,
    mfa_used,
    CAST(COUNT(*) AS BIGINT) AS calls,
    CAST(COUNT(DISTINCT source_ip) AS BIGINT) AS addresses,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_id
FROM told
GROUP BY account, principal_type, principal_key, principal_arn, event_name, outcome, mfa_used
ORDER BY
    account ASC NULLS LAST,
    principal_type ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    principal_arn ASC NULLS LAST,
    event_name ASC NULLS LAST,
    outcome ASC NULLS LAST,
    mfa_used ASC NULLS LAST
