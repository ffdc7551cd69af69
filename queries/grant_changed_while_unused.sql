-- title: Grants given to idle principals
-- question: Which users and roles were given more while nobody had used them for long?
-- columns: account, resource, status, severity, reason, principal_kind, event_name, policy, changes, last_change_ms, last_used_ms, event_id, looked_at
-- What somebody holds may grow by its own policies, by its groups and by a managed policy that gets another default version.
WITH widening AS (
    SELECT
        account,
        event_time_ms,
        event_id,
        event_name,
        target_kind,
        LOWER(target_name) AS target_name,
        target_arn,
        LOWER(group_name) AS group_name,
        COALESCE(policy_arn, policy_name, target_arn) AS policy
    FROM grant_changes
    CROSS JOIN params AS w
    WHERE event_time_ms >= w.window_start_ms
        AND event_time_ms < w.as_of_ms
        AND (event_name IN (
                'AddUserToGroup', 'AttachGroupPolicy', 'AttachRolePolicy', 'AttachUserPolicy', 'DeleteRolePermissionsBoundary',
                'DeleteUserPermissionsBoundary', 'PutGroupPolicy', 'PutRolePolicy', 'PutUserPolicy', 'SetDefaultPolicyVersion')
            OR (event_name = 'CreatePolicyVersion' AND set_as_default = 'true'))
),
credential_use AS (
    SELECT
        user_arn,
        MAX(last_used_ms) AS last_used_ms,
        CAST(SUM(CASE WHEN active AND NOT last_used_known THEN 1 ELSE 0 END) AS BIGINT) AS untold
    FROM credentials
    WHERE slot = 'access_key_1' OR slot = 'access_key_2' OR slot = 'password'
    GROUP BY user_arn
),
people AS (
    SELECT
        p.account AS account,
        p.arn AS arn,
        p.kind AS kind,
        LOWER(p.name) AS name,
        p.created_ms AS created_ms,
        CASE
            WHEN a.last_allowed_ms IS NULL THEN COALESCE(p.last_used_ms, k.last_used_ms)
            WHEN COALESCE(p.last_used_ms, k.last_used_ms) > a.last_allowed_ms THEN COALESCE(p.last_used_ms, k.last_used_ms)
            ELSE a.last_allowed_ms
        END AS last_used_ms,
        CASE
            WHEN p.kind = 'role' AND p.last_used_known THEN 1
            WHEN p.kind = 'user' AND k.user_arn IS NOT NULL AND k.untold = 0 THEN 1
            ELSE 0
        END AS is_use_told,
        CASE WHEN p.kind = 'role' THEN w.role_unused_days ELSE w.user_unused_days END * 86400000 AS limit_ms
    FROM principals AS p
    LEFT JOIN activity AS a ON p.principal_key = a.principal_key
    LEFT JOIN credential_use AS k ON p.arn = k.user_arn
    CROSS JOIN params AS w
    WHERE p.kind <> 'group' AND NOT p.is_service_linked
),
members AS (
    SELECT DISTINCT holder_arn, via
    FROM attachments
    WHERE source = 'group'
),
reached AS (
    SELECT p.arn AS arn, c.event_time_ms AS event_time_ms, c.event_id AS event_id, c.event_name AS event_name, c.policy AS policy
    FROM widening AS c
    JOIN people AS p ON c.account = p.account AND c.target_kind = p.kind AND c.target_name = p.name
    UNION ALL
    SELECT m.holder_arn AS arn, c.event_time_ms AS event_time_ms, c.event_id AS event_id, c.event_name AS event_name, c.policy AS policy
    FROM widening AS c
    JOIN principals AS g ON c.account = g.account AND c.target_kind = g.kind AND c.target_name = LOWER(g.name)
    JOIN members AS m ON g.arn = m.via
    WHERE g.kind = 'group'
    UNION ALL
    SELECT h.holder_arn AS arn, c.event_time_ms AS event_time_ms, c.event_id AS event_id, c.event_name AS event_name, c.policy AS policy
    FROM widening AS c
    JOIN attachments AS h ON c.target_arn = h.policy_arn
    WHERE c.target_kind = 'policy' AND h.source <> 'boundary'
),
hits AS (
    SELECT
        p.account AS account,
        p.arn AS arn,
        p.kind AS kind,
        p.is_use_told AS is_use_told,
        p.last_used_ms AS last_used_ms,
        r.event_name AS event_name,
        r.policy AS policy,
        r.event_id AS event_id,
        r.event_time_ms AS event_time_ms
    FROM people AS p
    JOIN reached AS r ON p.arn = r.arn
    WHERE r.event_time_ms - COALESCE(p.last_used_ms, p.created_ms) > p.limit_ms
),
idle AS (
    SELECT
        account,
        arn,
        kind,
        is_use_told,
        event_name,
        policy,
        CAST(COUNT(DISTINCT event_id) AS BIGINT) AS changes,
        MAX(event_time_ms) AS last_change_ms,
        MAX(last_used_ms) AS last_used_ms,
        MAX(event_id) AS event_id
    FROM hits
    GROUP BY account, arn, kind, is_use_told, event_name, policy
),
counts AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS shown
    FROM idle
    GROUP BY account
),
looked AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at
    FROM widening
    GROUP BY account
),
both AS (
    SELECT
        i.account AS account, i.arn AS resource,
        CASE WHEN i.is_use_told = 1 THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN i.is_use_told = 0 THEN 'was given something while no use is seen, but no export says when it was used'
            WHEN i.last_used_ms IS NULL THEN 'was given something though it was never used'
            ELSE 'was given something after it had long been idle'
        END AS reason,
        i.kind AS principal_kind, i.event_name AS event_name, i.policy AS policy, i.changes AS changes, i.last_change_ms AS last_change_ms,
        i.last_used_ms AS last_used_ms, i.event_id AS event_id, n.no_int AS looked_at
    FROM idle AS i
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource,
        CASE WHEN a.has_authorization_details AND a.complete AND c.complete THEN 'PASS' ELSE 'UNKNOWN' END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'the logs do not cover the window'
            ELSE 'nobody was given anything while idle'
        END AS reason,
        n.no_text AS principal_kind, n.no_text AS event_name, n.no_text AS policy, n.no_int AS changes, n.no_int AS last_change_ms,
        n.no_int AS last_used_ms, n.no_text AS event_id, l.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    LEFT JOIN looked AS l ON a.account = l.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN nulls AS n
    WHERE a.owned
        AND (k.shown IS NULL OR NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete OR c.complete IS NULL OR NOT c.complete)
)
SELECT account, resource, status, severity, reason, principal_kind, event_name, policy, changes, last_change_ms, last_used_ms, event_id, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, event_name ASC NULLS LAST, policy ASC NULLS LAST
