-- title: Roles whose every call is denied
-- question: Which roles call AWS and are only ever refused?
-- columns: account, resource, status, severity, reason, role_name, principal_key, denied_calls, error_calls, denied_actions, first_action, last_allowed_ms, last_denied_ms, sample_event_id, looked_at
WITH refused AS (
    SELECT
        principal_key,
        CAST(COUNT(DISTINCT action) AS BIGINT) AS denied_actions,
        MIN(action) AS first_action,
        MAX(sample_event_last) AS sample_event_id
    FROM denials
    GROUP BY principal_key
),
roles AS (
    SELECT
        a.account AS account,
        COALESCE(p.arn, a.principal_arn, a.principal_key) AS resource,
        p.name AS role_name,
        a.principal_key AS principal_key,
        a.denied_calls AS denied_calls,
        a.error_calls AS error_calls,
        a.last_allowed_ms AS last_allowed_ms,
        a.last_denied_ms AS last_denied_ms,
        CASE
            WHEN a.denied_calls > 0 AND a.last_denied_ms >= w.window_start_ms
                AND (a.last_allowed_ms IS NULL OR a.last_allowed_ms < w.window_start_ms) THEN 1
            ELSE 0
        END AS only_denied
    FROM activity AS a
    JOIN accounts AS o ON a.account = o.account
    LEFT JOIN principals AS p ON a.principal_key = p.principal_key
    CROSS JOIN params AS w
    WHERE o.owned
        AND a.principal_type = 'AssumedRole'
        AND (p.arn IS NOT NULL OR NOT o.has_authorization_details)
        AND (p.is_service_linked IS NULL OR NOT p.is_service_linked)
),
counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at, CAST(SUM(only_denied) AS BIGINT) AS shown
    FROM roles
    GROUP BY account
),
both AS (
    SELECT
        r.account AS account, r.resource AS resource,
        CASE WHEN c.complete THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN c.complete IS NULL OR NOT c.complete THEN 'only denied calls are seen, but the logs have gaps'
            WHEN r.last_allowed_ms IS NOT NULL THEN 'every call is denied by now: something was taken away that it needs'
            WHEN r.error_calls > 0 THEN 'no call ever worked: denied or failed'
            ELSE 'every call is denied: broken or attacked, not unused'
        END AS reason,
        r.role_name AS role_name, r.principal_key AS principal_key, r.denied_calls AS denied_calls, r.error_calls AS error_calls, d.denied_actions AS denied_actions,
        d.first_action AS first_action, r.last_allowed_ms AS last_allowed_ms, r.last_denied_ms AS last_denied_ms,
        d.sample_event_id AS sample_event_id, n.no_int AS looked_at
    FROM roles AS r
    LEFT JOIN refused AS d ON r.principal_key = d.principal_key
    LEFT JOIN coverage_summary AS c ON r.account = c.account
    CROSS JOIN nulls AS n
    WHERE r.only_denied = 1
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN c.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN c.account IS NULL THEN 'no logs of this account were given'
            WHEN NOT c.complete THEN 'the logs do not cover the window'
            ELSE 'no role is only ever refused'
        END AS reason,
        n.no_text AS role_name, n.no_text AS principal_key, n.no_int AS denied_calls, n.no_int AS error_calls, n.no_int AS denied_actions, n.no_text AS first_action,
        n.no_int AS last_allowed_ms, n.no_int AS last_denied_ms, n.no_text AS sample_event_id, k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    LEFT JOIN counts AS k ON a.account = k.account
    CROSS JOIN nulls AS n
    WHERE a.owned AND (c.complete IS NULL OR NOT c.complete OR k.shown IS NULL OR k.shown = 0)
)
SELECT account, resource, status, severity, reason, role_name, principal_key, denied_calls, error_calls, denied_actions, first_action, last_allowed_ms,
    last_denied_ms, sample_event_id, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, role_name ASC NULLS LAST, principal_key ASC NULLS LAST
