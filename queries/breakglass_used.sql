-- title: Use of emergency access
-- question: Which of the users and roles for emergencies were used, by whom and how often?
-- columns: account, resource, status, severity, reason, last_used_ms, last_denied_ms, calls, session_names, callers, last_assumed_ms
WITH emergency AS (
    SELECT DISTINCT value AS arn, SPLIT_PART(value, ':', 5) AS account
    FROM listed
    WHERE list = 'break-glass'
),
seen AS (
    SELECT principal_arn, MAX(last_allowed_ms) AS last_allowed_ms, MAX(last_denied_ms) AS last_denied_ms
    FROM activity
    GROUP BY principal_arn
),
sessions AS (
    SELECT principal_arn, MAX(session_names) AS session_names, MAX(calls) AS calls
    FROM role_sessions
    GROUP BY principal_arn
),
assumed AS (
    SELECT role_arn, CAST(COUNT(DISTINCT source) AS BIGINT) AS callers, MAX(last_seen_ms) AS last_seen_ms
    FROM assumptions
    GROUP BY role_arn
),
told AS (
    SELECT
        a.account AS account,
        COALESCE(e.arn, a.account) AS resource,
        CASE
            WHEN e.arn IS NULL THEN 'unlisted'
            WHEN s.last_allowed_ms >= p.window_start_ms OR u.last_seen_ms >= p.window_start_ms THEN 'used'
            WHEN s.last_denied_ms >= p.window_start_ms THEN 'tried'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'uncovered'
            WHEN r.arn IS NULL AND NOT e.arn LIKE '%:root' THEN 'missing'
            ELSE 'quiet'
        END AS verdict,
        CASE WHEN s.last_allowed_ms >= p.window_start_ms THEN s.last_allowed_ms END AS last_used_ms,
        CASE WHEN s.last_denied_ms >= p.window_start_ms THEN s.last_denied_ms END AS last_denied_ms,
        w.calls AS calls,
        w.session_names AS session_names,
        u.callers AS callers,
        u.last_seen_ms AS last_assumed_ms
    FROM accounts AS a
    LEFT JOIN emergency AS e ON a.account = e.account
    LEFT JOIN seen AS s ON e.arn = s.principal_arn
    LEFT JOIN sessions AS w ON e.arn = w.principal_arn
    LEFT JOIN assumed AS u ON e.arn = u.role_arn
    LEFT JOIN principals AS r ON e.arn = r.arn
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'used' OR verdict = 'tried' THEN 'FAIL'
        WHEN verdict = 'quiet' THEN 'PASS'
        WHEN verdict = 'unlisted' THEN 'NOT-APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'tried' THEN 'MEDIUM' ELSE 'HIGH' END AS severity,
    CASE
        WHEN verdict = 'used' THEN 'emergency access was used in the window'
        WHEN verdict = 'tried' THEN 'emergency access was tried in the window and denied'
        WHEN verdict = 'quiet' THEN 'emergency access was not used in the window'
        WHEN verdict = 'unlisted' THEN 'the configuration lists no emergency access of this account'
        WHEN verdict = 'missing' THEN 'no export has the user or role that the configuration lists'
        ELSE 'the logs do not cover the window'
    END AS reason,
    last_used_ms,
    last_denied_ms,
    calls,
    session_names,
    callers,
    last_assumed_ms
FROM told
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
