-- title: Unused roles
-- question: Which roles did nobody use for longer than the limit?
-- columns: account, resource, status, severity, reason, role_name, created_ms, last_seen_ms, last_used_ms, denied_calls
WITH judged AS (
    SELECT
        r.account AS account,
        r.arn AS resource,
        r.name AS role_name,
        r.created_ms AS created_ms,
        a.last_allowed_ms AS last_seen_ms,
        r.last_used_ms AS last_used_ms,
        r.is_service_linked AS is_service_linked,
        r.is_permission_set AS is_permission_set,
        r.last_used_known AS last_used_known,
        a.denied_calls AS denied_calls,
        p.as_of_ms - p.role_unused_days * 86400000 AS cutoff_ms,
        CASE WHEN c.complete AND p.window_days >= p.role_unused_days THEN 1 ELSE 0 END AS covered
    FROM principals AS r
    LEFT JOIN activity AS a ON r.principal_key = a.principal_key
    LEFT JOIN coverage_summary AS c ON r.account = c.account
    CROSS JOIN params AS p
    WHERE r.kind = 'role'
)
SELECT
    account,
    resource,
    CASE
        WHEN is_service_linked THEN 'NOT-APPLICABLE'
        WHEN last_seen_ms >= cutoff_ms THEN 'PASS'
        WHEN last_used_ms >= cutoff_ms THEN 'PASS'
        WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'UNKNOWN'
        WHEN covered = 0 AND NOT last_used_known THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    CASE WHEN denied_calls > 0 THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN is_service_linked THEN 'a service owns this role'
        WHEN last_seen_ms >= cutoff_ms THEN 'used: the logs show it'
        WHEN last_used_ms >= cutoff_ms THEN 'used: the account export says so'
        WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'younger than the limit: too early to tell'
        WHEN covered = 0 AND NOT last_used_known THEN 'the logs do not cover the limit and the export does not tell'
        WHEN denied_calls > 0 THEN 'only denied calls: broken or attacked, not used'
        WHEN is_permission_set THEN 'not used for longer than the limit: remove the assignment of its permission set'
        ELSE 'not used for longer than the limit'
    END AS reason,
    role_name,
    created_ms,
    last_seen_ms,
    last_used_ms,
    denied_calls
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
