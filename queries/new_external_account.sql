-- title: New outside accounts
-- question: Which outside accounts took up a role for the first time since the last run?
-- columns: account, resource, status, severity, reason, class, vendor, used_roles, strong_roles, used, calls, first_seen_ms, last_seen_ms
WITH judged AS (
    SELECT
        o.account AS account,
        o.outside_account AS resource,
        CASE
            WHEN o.first_seen_ms IS NULL AND o.chained_roles > 0 THEN 'NOT-APPLICABLE'
            WHEN o.first_seen_ms IS NULL AND c.complete THEN 'NOT-APPLICABLE'
            WHEN o.first_seen_ms IS NULL THEN 'UNKNOWN'
            WHEN l.last_run_ms IS NULL THEN 'UNKNOWN'
            WHEN o.first_seen_ms >= l.last_run_ms THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE WHEN o.strong_roles > 0 THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
        CASE
            WHEN o.first_seen_ms IS NULL AND o.chained_roles > 0 THEN 'comes by roles of another account of ours only: judged there'
            WHEN o.first_seen_ms IS NULL AND c.complete THEN 'trusted, and never seen'
            WHEN o.first_seen_ms IS NULL THEN 'trusted and not seen, but the logs do not cover the window'
            WHEN l.last_run_ms IS NULL THEN 'no earlier run to compare with'
            WHEN o.first_seen_ms >= l.last_run_ms THEN 'first seen since the last run: is it expected?'
            ELSE 'seen before the last run'
        END AS reason,
        o.class AS class, o.vendor AS vendor, o.used_roles AS used_roles, o.strong_roles AS strong_roles, o.used AS used,
        o.calls AS calls, o.first_seen_ms AS first_seen_ms, o.last_seen_ms AS last_seen_ms
    FROM outside_accounts AS o
    LEFT JOIN coverage_summary AS c ON o.account = c.account
    CROSS JOIN last_run AS l
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity, 'the logs do not cover the window' AS reason,
        n.no_text AS class, n.no_text AS vendor, n.no_int AS used_roles, n.no_int AS strong_roles, n.no_text AS used, n.no_int AS calls,
        n.no_int AS first_seen_ms, n.no_int AS last_seen_ms
    FROM accounts AS a
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (c.complete IS NULL OR NOT c.complete)
)
SELECT account, resource, status, severity, reason, class, vendor, used_roles, strong_roles, used, calls, first_seen_ms, last_seen_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
