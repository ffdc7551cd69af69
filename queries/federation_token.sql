-- title: Federation tokens
-- question: Which users make sessions by GetFederationToken, which outlive the key that made them?
-- columns: account, resource, status, severity, reason, tokens, session_calls, first_seen_ms, last_seen_ms
WITH made AS (
    SELECT
        account, principal_key, MAX(principal_arn) AS principal_arn, CAST(SUM(calls) AS BIGINT) AS tokens,
        MIN(first_seen_ms) AS first_seen_ms, MAX(last_seen_ms) AS last_seen_ms
    FROM used_actions
    WHERE action = 'sts:GetFederationToken'
    GROUP BY account, principal_key
),
used AS (
    SELECT account, principal_key, MAX(principal_arn) AS principal_arn, CAST(SUM(calls) AS BIGINT) AS session_calls, MAX(last_seen_ms) AS last_seen_ms
    FROM principal_mfa
    WHERE principal_type = 'FederatedUser'
    GROUP BY account, principal_key
),
both AS (
    SELECT
        m.account AS account, m.principal_key AS principal_key, m.principal_arn AS principal_arn,
        m.tokens AS tokens, n.no_int AS session_calls, m.first_seen_ms AS first_seen_ms, m.last_seen_ms AS last_seen_ms
    FROM made AS m
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        u.account AS account, u.principal_key AS principal_key, u.principal_arn AS principal_arn,
        n.no_int AS tokens, u.session_calls AS session_calls, n.no_int AS first_seen_ms, u.last_seen_ms AS last_seen_ms
    FROM used AS u
    CROSS JOIN nulls AS n
),
users AS (
    SELECT
        account,
        principal_key,
        MAX(principal_arn) AS principal_arn,
        MAX(tokens) AS tokens,
        MAX(session_calls) AS session_calls,
        MIN(first_seen_ms) AS first_seen_ms,
        MAX(last_seen_ms) AS last_seen_ms
    FROM both
    GROUP BY account, principal_key
)
SELECT
    a.account AS account,
    COALESCE(u.principal_arn, u.principal_key, a.account) AS resource,
    CASE WHEN u.principal_key IS NOT NULL THEN 'FAIL' WHEN c.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN u.tokens > 0 THEN 'makes sessions by GetFederationToken'
        WHEN u.principal_key IS NOT NULL THEN 'sessions made by GetFederationToken before the window are in use'
        WHEN c.complete THEN 'no session was made by GetFederationToken'
        ELSE 'the logs do not cover the window'
    END AS reason,
    u.tokens AS tokens,
    u.session_calls AS session_calls,
    u.first_seen_ms AS first_seen_ms,
    u.last_seen_ms AS last_seen_ms
FROM accounts AS a
LEFT JOIN users AS u ON a.account = u.account
LEFT JOIN coverage_summary AS c ON a.account = c.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
