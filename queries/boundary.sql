-- title: Who makes principals without a boundary
-- question: Which users and roles may make or change users and roles, with no permissions boundary asked of them or of what they make?
-- columns: account, resource, status, severity, reason, holder_kind, actions, first_action, resources, calls, last_seen_ms, looked_at
-- These actions know the condition key iam:PermissionsBoundary. Holders of a policy that allows * are administrators and not looked at here.
WITH making AS (
    SELECT g.document_id AS document_id, g.statement AS statement, g.effect AS effect, g.action AS action
    FROM granted_actions AS g
    WHERE g.action IN (
        'iam:AttachRolePolicy', 'iam:AttachUserPolicy', 'iam:CreateRole', 'iam:CreateUser', 'iam:PutRolePolicy', 'iam:PutUserPolicy'
    )
),
clauses AS (
    SELECT
        m.document_id AS document_id,
        m.action AS action,
        MAX(CASE WHEN m.effect = 'Allow' AND (s.conditions IS NULL OR LOWER(s.conditions) NOT LIKE '%iam:permissionsboundary%') THEN 1 ELSE 0 END) AS loose,
        MAX(CASE WHEN m.effect = 'Allow' AND NOT s.is_not_action AND ('
' || s.actions || '
') LIKE '%
*
%' THEN 1 ELSE 0 END) AS admin,
        MAX(CASE
            WHEN m.effect = 'Deny' AND NOT s.is_not_resource AND ('
' || s.resources || '
') LIKE '%
*
%'
                AND (s.conditions IS NULL OR LOWER(s.conditions) LIKE '%iam:permissionsboundary%') THEN 1
            ELSE 0
        END) AS denied,
        MAX(CASE WHEN m.effect = 'Allow' THEN s.resources END) AS resources
    FROM making AS m
    JOIN statements AS s ON m.document_id = s.document_id AND m.statement = s.statement
    WHERE s.policy_type = 'identity'
    GROUP BY m.document_id, m.action
),
held AS (
    SELECT
        h.account AS account,
        h.holder_kind AS holder_kind,
        h.holder_arn AS holder_arn,
        h.holder_key AS holder_key,
        k.action AS action,
        MAX(k.loose) AS loose,
        MAX(k.admin) AS admin,
        MAX(k.denied) AS denied,
        MAX(k.resources) AS resources
    FROM attachments AS h
    JOIN clauses AS k ON h.document_id = k.document_id
    WHERE h.account IS NOT NULL
        AND h.source <> 'boundary'
        AND (h.holder_kind = 'user' OR h.holder_kind = 'role')
    GROUP BY h.account, h.holder_kind, h.holder_arn, h.holder_key, k.action
),
makers AS (
    SELECT
        h.account AS account,
        h.holder_kind AS holder_kind,
        h.holder_arn AS holder_arn,
        h.holder_key AS holder_key,
        MAX(h.admin) AS admin,
        CAST(SUM(CASE WHEN h.loose = 1 AND h.denied = 0 THEN 1 ELSE 0 END) AS BIGINT) AS actions,
        MIN(CASE WHEN h.loose = 1 AND h.denied = 0 THEN h.action END) AS first_action,
        MAX(CASE WHEN h.loose = 1 AND h.denied = 0 THEN h.resources END) AS resources
    FROM held AS h
    GROUP BY h.account, h.holder_kind, h.holder_arn, h.holder_key
),
open_makers AS (
    SELECT
        m.account AS account,
        m.holder_kind AS holder_kind,
        m.holder_arn AS holder_arn,
        m.holder_key AS holder_key,
        m.actions AS actions,
        m.first_action AS first_action,
        m.resources AS resources
    FROM makers AS m
    JOIN principals AS p ON m.holder_arn = p.arn
    WHERE m.admin = 0 AND m.actions > 0 AND p.boundary_arn IS NULL AND NOT p.is_service_linked
),
uses AS (
    SELECT principal_key, CAST(SUM(calls) AS BIGINT) AS calls, MAX(last_seen_ms) AS last_seen_ms
    FROM used_actions
    WHERE action IN (
        'iam:AttachRolePolicy', 'iam:AttachUserPolicy', 'iam:CreateRole', 'iam:CreateUser', 'iam:PutRolePolicy', 'iam:PutUserPolicy'
    )
    GROUP BY principal_key
),
fails AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS failed
    FROM open_makers
    GROUP BY account
),
unseen AS (
    SELECT account, holder_arn
    FROM attachments
    WHERE account IS NOT NULL AND document_id IS NULL AND source <> 'boundary'
    UNION ALL
    SELECT account, arn AS holder_arn
    FROM principals
    WHERE untold LIKE '%policies%' OR untold LIKE '%groups%' OR untold LIKE '%boundary%'
),
blind AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS unseen
    FROM unseen
    GROUP BY account
),
looked AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at
    FROM principals
    WHERE kind <> 'group' AND NOT is_service_linked
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        CASE
            WHEN NOT a.has_authorization_details THEN 'UNKNOWN'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'UNKNOWN'
            WHEN b.unseen > 0 THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            WHEN b.unseen > 0 THEN 'some policies of this account are not at hand'
            ELSE 'nobody but administrators makes principals without a boundary'
        END AS reason,
        f.failed AS failed,
        l.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN fails AS f ON a.account = f.account
    LEFT JOIN blind AS b ON a.account = b.account
    LEFT JOIN looked AS l ON a.account = l.account
    WHERE a.owned
),
both AS (
    SELECT
        o.account AS account, o.holder_arn AS resource, 'FAIL' AS status,
        CASE WHEN ('
' || o.resources || '
') LIKE '%
*
%' THEN 'MEDIUM' ELSE 'LOW' END AS severity,
        CASE
            WHEN ('
' || o.resources || '
') LIKE '%
*
%' THEN 'may make or change any principal without a boundary'
            ELSE 'may make or change some principals without a boundary'
        END AS reason,
        o.holder_kind AS holder_kind, o.actions AS actions, o.first_action AS first_action, o.resources AS resources,
        CASE WHEN u.calls IS NULL AND c.complete THEN 0 ELSE u.calls END AS calls, u.last_seen_ms AS last_seen_ms, n.no_int AS looked_at
    FROM open_makers AS o
    LEFT JOIN uses AS u ON o.holder_key = u.principal_key
    LEFT JOIN coverage_summary AS c ON o.account = c.account
    CROSS JOIN nulls AS n
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'MEDIUM' AS severity, t.reason AS reason, n.no_text AS holder_kind,
        n.no_int AS actions, n.no_text AS first_action, n.no_text AS resources, n.no_int AS calls, n.no_int AS last_seen_ms,
        t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed IS NULL
)
SELECT account, resource, status, severity, reason, holder_kind, actions, first_action, resources, calls, last_seen_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, holder_kind ASC NULLS LAST
