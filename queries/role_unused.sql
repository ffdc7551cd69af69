-- title: Unused roles
-- question: Which roles did nobody use for longer than the limit?
-- columns: account, resource, status, severity, reason, role_name, created_ms, last_seen_ms, last_used_ms, last_source, session_names, denied_calls, looked_at
-- Where the logs do not cover the limit, the export's own note counts, as of the day of the export.
WITH last_times AS (
    SELECT role_arn, MAX(last_seen_ms) AS last_seen_ms
    FROM assumptions
    GROUP BY role_arn
),
last_sources AS (
    SELECT s.role_arn AS role_arn, MIN(s.source) AS last_source
    FROM assumptions AS s
    JOIN last_times AS t ON s.role_arn = t.role_arn AND s.last_seen_ms = t.last_seen_ms
    GROUP BY s.role_arn
),
sessions AS (
    SELECT principal_key, MAX(session_names) AS session_names
    FROM role_sessions
    GROUP BY principal_key
),
roles AS (
    SELECT
        r.account AS account,
        r.arn AS resource,
        r.name AS role_name,
        r.created_ms AS created_ms,
        a.last_allowed_ms AS last_seen_ms,
        r.last_used_ms AS last_used_ms,
        s.last_source AS last_source,
        n.session_names AS session_names,
        r.is_service_linked AS is_service_linked,
        r.is_permission_set AS is_permission_set,
        r.last_used_known AS last_used_known,
        a.denied_calls AS denied_calls,
        p.as_of_ms - p.role_unused_days * 86400000 AS cutoff_ms,
        o.captured_ms - p.role_unused_days * 86400000 AS told_cutoff_ms,
        CASE WHEN a.last_denied_ms >= p.as_of_ms - p.role_unused_days * 86400000 THEN 1 ELSE 0 END AS is_denied,
        CASE WHEN c.complete AND p.window_days >= p.role_unused_days THEN 1 ELSE 0 END AS covered
    FROM principals AS r
    LEFT JOIN activity AS a ON r.principal_key = a.principal_key
    LEFT JOIN coverage_summary AS c ON r.account = c.account
    LEFT JOIN accounts AS o ON r.account = o.account
    LEFT JOIN last_sources AS s ON r.arn = s.role_arn
    LEFT JOIN sessions AS n ON r.principal_key = n.principal_key
    CROSS JOIN params AS p
    WHERE r.kind = 'role'
),
judged AS (
    SELECT
        account,
        resource,
        CASE
            WHEN is_service_linked THEN 'NOT-APPLICABLE'
            WHEN last_seen_ms >= cutoff_ms THEN 'PASS'
            WHEN last_used_ms >= cutoff_ms THEN 'PASS'
            WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'UNKNOWN'
            WHEN covered = 0 AND NOT last_used_known THEN 'UNKNOWN'
            WHEN covered = 0 AND COALESCE(last_used_ms, created_ms) > told_cutoff_ms THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        CASE WHEN is_denied = 1 THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
        CASE
            WHEN is_service_linked THEN 'a service owns this role'
            WHEN last_seen_ms >= cutoff_ms THEN 'used: the logs show it'
            WHEN last_used_ms >= cutoff_ms THEN 'used: the account export says so'
            WHEN created_ms IS NULL THEN 'no export says when it was made'
            WHEN created_ms > cutoff_ms THEN 'younger than the limit: too early to tell'
            WHEN covered = 0 AND NOT last_used_known THEN 'the logs do not cover the limit and the export does not tell'
            WHEN covered = 0 AND COALESCE(last_used_ms, created_ms) > told_cutoff_ms THEN 'the logs do not cover the limit and the export is too old to tell'
            WHEN is_denied = 1 THEN 'only denied calls: broken or attacked, not used'
            WHEN is_permission_set THEN 'not used for longer than the limit: remove the assignment of its permission set'
            ELSE 'not used for longer than the limit'
        END AS reason,
        role_name, created_ms, last_seen_ms, last_used_ms, last_source, session_names, denied_calls
    FROM roles
),
counts AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN status = 'NOT-APPLICABLE' THEN 0 ELSE 1 END) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN status = 'FAIL' OR status = 'UNKNOWN' THEN 1 ELSE 0 END) AS BIGINT) AS shown
    FROM judged
    GROUP BY account
),
both AS (
    SELECT
        j.account AS account, j.resource AS resource, j.status AS status, j.severity AS severity, j.reason AS reason, j.role_name AS role_name,
        j.created_ms AS created_ms, j.last_seen_ms AS last_seen_ms, j.last_used_ms AS last_used_ms, j.last_source AS last_source,
        j.session_names AS session_names, j.denied_calls AS denied_calls, n.no_int AS looked_at
    FROM judged AS j
    CROSS JOIN nulls AS n
    WHERE j.status <> 'PASS'
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN a.has_authorization_details AND a.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            ELSE 'every role was used within the limit'
        END AS reason,
        n.no_text AS role_name, n.no_int AS created_ms, n.no_int AS last_seen_ms, n.no_int AS last_used_ms, n.no_text AS last_source,
        n.no_int AS session_names, n.no_int AS denied_calls, k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN nulls AS n
    WHERE a.owned
        AND (k.shown IS NULL OR k.shown = 0 OR NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete)
)
SELECT account, resource, status, severity, reason, role_name, created_ms, last_seen_ms, last_used_ms, last_source, session_names, denied_calls,
    looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, role_name ASC NULLS LAST
