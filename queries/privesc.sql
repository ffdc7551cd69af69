-- title: Ways to become an administrator
-- question: Which users and roles are administrators, can become one, or can give themselves more permissions?
-- columns: account, resource, status, severity, reason, principal_kind, path, ways, can_become, can_become_after, ways_after, risk, risk_after, escalation_calls, escalation_last_ms, looked_at
WITH climbed AS (
    SELECT principal_arn, CAST(SUM(calls) AS BIGINT) AS escalation_calls, MAX(last_seen_ms) AS escalation_last_ms
    FROM used_actions
    WHERE action IN (
        'iam:AddUserToGroup', 'iam:AttachGroupPolicy', 'iam:AttachRolePolicy', 'iam:AttachUserPolicy', 'iam:CreateAccessKey',
        'iam:CreateLoginProfile', 'iam:CreatePolicyVersion', 'iam:DeleteRolePermissionsBoundary', 'iam:DeleteUserPermissionsBoundary',
        'iam:PutGroupPolicy', 'iam:PutRolePermissionsBoundary', 'iam:PutRolePolicy', 'iam:PutUserPermissionsBoundary', 'iam:PutUserPolicy',
        'iam:SetDefaultPolicyVersion', 'iam:UpdateAssumeRolePolicy', 'iam:UpdateLoginProfile'
    )
    GROUP BY principal_arn
),
judged AS (
    SELECT
        account,
        principal_arn,
        principal_kind,
        CASE
            WHEN is_admin_before = 'yes' OR is_admin_before = 'perhaps' THEN 'FAIL'
            WHEN ways_before > 0 THEN 'FAIL'
            WHEN is_admin_before = 'no' THEN 'PASS'
            ELSE 'UNKNOWN'
        END AS status,
        CASE
            WHEN is_admin_before = 'yes' THEN 'HIGH'
            WHEN is_admin_before = 'perhaps' THEN 'MEDIUM'
            WHEN ways_before > 0 THEN 'MEDIUM'
            ELSE 'LOW'
        END AS severity,
        CASE
            WHEN is_admin_before = 'yes' AND path = 'its policies allow everything' THEN 'is an administrator: its policies allow everything'
            WHEN is_admin_before = 'yes' THEN 'can become an administrator'
            WHEN is_admin_before = 'perhaps' THEN 'can become an administrator where a condition holds'
            WHEN ways_before > 0 THEN 'can give itself more permissions'
            WHEN is_admin_before = 'no' THEN 'no way to more permissions is known'
            ELSE 'not everything that it holds is known'
        END AS reason,
        path,
        ways_before AS ways,
        is_admin_before AS can_become,
        is_admin_after AS can_become_after,
        ways_after,
        risk_before AS risk,
        risk_after
    FROM reach
),
counts AS (
    SELECT
        account,
        CAST(COUNT(*) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN status = 'PASS' THEN 0 ELSE 1 END) AS BIGINT) AS shown
    FROM judged
    GROUP BY account
),
expected AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS people
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
            WHEN e.people > COALESCE(k.looked_at, 0) THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            WHEN e.people > COALESCE(k.looked_at, 0) THEN 'the reach of some users and roles was not measured'
            ELSE 'nobody has a known way to more permissions'
        END AS reason,
        COALESCE(k.shown, 0) AS shown,
        k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    LEFT JOIN expected AS e ON a.account = e.account
    WHERE a.owned
),
both AS (
    SELECT
        j.account AS account, j.principal_arn AS resource, j.status AS status, j.severity AS severity, j.reason AS reason,
        j.principal_kind AS principal_kind, j.path AS path, j.ways AS ways, j.can_become AS can_become, j.can_become_after AS can_become_after,
        j.ways_after AS ways_after, j.risk AS risk, j.risk_after AS risk_after,
        CASE WHEN u.escalation_calls IS NULL AND c.complete THEN 0 ELSE u.escalation_calls END AS escalation_calls,
        u.escalation_last_ms AS escalation_last_ms, n.no_int AS looked_at
    FROM judged AS j
    LEFT JOIN climbed AS u ON j.principal_arn = u.principal_arn
    LEFT JOIN coverage_summary AS c ON j.account = c.account
    CROSS JOIN nulls AS n
    WHERE j.status <> 'PASS'
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'HIGH' AS severity, t.reason AS reason,
        n.no_text AS principal_kind, n.no_text AS path, n.no_int AS ways, n.no_text AS can_become, n.no_text AS can_become_after,
        n.no_int AS ways_after, n.no_int AS risk, n.no_int AS risk_after, n.no_int AS escalation_calls, n.no_int AS escalation_last_ms,
        t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.shown = 0
)
SELECT account, resource, status, severity, reason, principal_kind, path, ways, can_become, can_become_after, ways_after, risk, risk_after,
    escalation_calls, escalation_last_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, principal_kind ASC NULLS LAST
