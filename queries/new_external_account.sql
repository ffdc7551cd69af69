-- title: New outside accounts
-- question: Which outside accounts took up a role for the first time since the last run?
-- columns: account, resource, status, severity, reason, class, vendor, used_roles, strong_roles, used, calls, first_seen_ms, last_seen_ms
SELECT
    o.account AS account,
    o.outside_account AS resource,
    CASE
        WHEN o.first_seen_ms IS NULL THEN 'NOT-APPLICABLE'
        WHEN l.last_run_ms IS NULL THEN 'UNKNOWN'
        WHEN o.first_seen_ms >= l.last_run_ms THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE WHEN o.strong_roles > 0 THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN o.first_seen_ms IS NULL THEN 'trusted, and never seen'
        WHEN l.last_run_ms IS NULL THEN 'no earlier run to compare with'
        WHEN o.first_seen_ms >= l.last_run_ms THEN 'first seen since the last run: is it expected?'
        ELSE 'seen before the last run'
    END AS reason,
    o.class AS class, o.vendor AS vendor, o.used_roles AS used_roles, o.strong_roles AS strong_roles, o.used AS used,
    o.calls AS calls, o.first_seen_ms AS first_seen_ms, o.last_seen_ms AS last_seen_ms
FROM outside_accounts AS o
CROSS JOIN last_run AS l
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
