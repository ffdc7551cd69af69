-- title: Unused users
-- question: Which users neither signed in nor called anything for longer than the limit?
-- columns: account, resource, status, severity, reason, user_name, created_ms, last_seen_ms, last_used_ms
WITH credential_use AS (
    SELECT
        user_arn,
        MAX(last_used_ms) AS last_used_ms,
        CAST(SUM(CASE WHEN active AND NOT last_used_known THEN 1 ELSE 0 END) AS BIGINT) AS untold
    FROM credentials
    WHERE slot = 'access_key_1' OR slot = 'access_key_2' OR slot = 'password'
    GROUP BY user_arn
),
judged AS (
    SELECT
        u.account AS account,
        u.arn AS resource,
        u.name AS user_name,
        u.created_ms AS created_ms,
        a.last_allowed_ms AS last_seen_ms,
        k.last_used_ms AS last_used_ms,
        CASE WHEN k.user_arn IS NULL OR k.untold > 0 THEN 0 ELSE 1 END AS told,
        p.as_of_ms - p.user_unused_days * 86400000 AS cutoff_ms,
        CASE WHEN c.complete AND p.window_days >= p.user_unused_days THEN 1 ELSE 0 END AS covered
    FROM principals AS u
    LEFT JOIN activity AS a ON u.principal_key = a.principal_key
    LEFT JOIN credential_use AS k ON u.arn = k.user_arn
    LEFT JOIN coverage_summary AS c ON u.account = c.account
    CROSS JOIN params AS p
    WHERE u.kind = 'user'
)
SELECT
    account,
    resource,
    CASE
        WHEN last_seen_ms >= cutoff_ms OR last_used_ms >= cutoff_ms THEN 'PASS'
        WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'UNKNOWN'
        WHEN covered = 0 AND told = 0 THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN last_seen_ms >= cutoff_ms THEN 'used: the logs show it'
        WHEN last_used_ms >= cutoff_ms THEN 'used: the credential report says so'
        WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'younger than the limit: too early to tell'
        WHEN covered = 0 AND told = 0 THEN 'neither the logs nor the credential report cover the limit'
        ELSE 'not used for longer than the limit'
    END AS reason,
    user_name,
    created_ms,
    last_seen_ms,
    last_used_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
