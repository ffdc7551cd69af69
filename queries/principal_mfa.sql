-- title: Calls with and without MFA
-- question: Which principals called with MFA and which without, reading or writing?
-- columns: account, principal_key, principal_arn, principal_type, read_only, mfa_authenticated, calls, last_seen_ms
-- size: large
SELECT
    e.principal_account AS account,
    e.principal_key AS principal_key,
    MAX(e.principal_arn) AS principal_arn,
    e.principal_type AS principal_type,
    e.read_only AS read_only,
    e.mfa_authenticated AS mfa_authenticated,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MAX(e.event_time_ms) AS last_seen_ms
FROM events AS e
CROSS JOIN params AS p
WHERE e.event_time_ms >= p.window_start_ms
    AND e.event_time_ms < p.as_of_ms
    AND e.outcome = 'allowed'
    AND e.principal_key IS NOT NULL
    AND e.invoked_by IS NULL
GROUP BY e.principal_account, e.principal_key, e.principal_type, e.read_only, e.mfa_authenticated
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    principal_type ASC NULLS LAST,
    read_only ASC NULLS LAST,
    mfa_authenticated ASC NULLS LAST
