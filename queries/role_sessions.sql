-- title: Sessions of roles
-- question: By how many names is each role used, and do they tell who a session is?
-- columns: account, principal_key, principal_arn, session_names, person_names, with_source_identity, calls, mfa_calls, no_mfa_calls, first_seen_ms, last_seen_ms
-- size: large
WITH told AS (
    SELECT
        e.principal_account AS account,
        e.principal_key AS principal_key,
        e.principal_arn AS principal_arn,
        e.session_name AS session_name,
        CASE WHEN e.session_name LIKE '%@%' OR e.session_name LIKE '%_._%' THEN e.session_name END AS person_name,
        e.source_identity AS source_identity,
        e.mfa_authenticated AS mfa_authenticated,
        e.event_time_ms AS event_time_ms
    FROM events AS e
    CROSS JOIN params AS p
    WHERE e.event_time_ms >= p.window_start_ms
        AND e.event_time_ms < p.as_of_ms
        AND e.principal_type = 'AssumedRole'
        AND e.outcome = 'allowed'
)
SELECT
    account,
    principal_key,
    MAX(principal_arn) AS principal_arn,
    CAST(COUNT(DISTINCT session_name) AS BIGINT) AS session_names,
    CAST(COUNT(DISTINCT person_name) AS BIGINT) AS person_names,
    CAST(SUM(CASE WHEN source_identity IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS with_source_identity,
    CAST(COUNT(*) AS BIGINT) AS calls,
    CAST(SUM(CASE WHEN mfa_authenticated THEN 1 ELSE 0 END) AS BIGINT) AS mfa_calls,
    CAST(SUM(CASE WHEN NOT mfa_authenticated THEN 1 ELSE 0 END) AS BIGINT) AS no_mfa_calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms
FROM told
GROUP BY account, principal_key
ORDER BY account ASC NULLS LAST, principal_key ASC NULLS LAST
