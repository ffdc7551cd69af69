-- title: Leave to take up any role
-- question: Which policies let their holders take up roles that nobody named?
-- columns: account, resource, status, severity, reason, holder_kind, policy_name, statement, resources, conditions, role_count, roles
WITH granted AS (
    SELECT DISTINCT
        h.account AS account, h.holder_arn AS holder_arn, h.holder_kind AS holder_kind, h.policy_name AS policy_name, s.statement AS statement,
        s.resources AS resources, s.conditions AS conditions,
        CASE
            WHEN s.is_not_resource THEN 1
            WHEN s.resources LIKE '*%' THEN 1
            WHEN s.resources LIKE '%
*%' THEN 1
            WHEN s.resources LIKE '%:role/*%' THEN 1
            WHEN s.resources LIKE '%:iam::*%' THEN 1
            WHEN s.resources LIKE '%:iam::____________:*%' THEN 1
            WHEN s.resources LIKE '%:iam::____________:role*%' THEN 1
            ELSE 0
        END AS is_wide
    FROM attachments AS h
    JOIN statements AS s ON h.document_id = s.document_id
    JOIN action_sets AS x ON s.action_set = x.action_set
    WHERE x.action = 'sts:AssumeRole' AND s.effect = 'Allow' AND h.source <> 'boundary' AND NOT s.is_not_action AND LOWER(s.actions) LIKE '%sts:%'
),
judged AS (
    SELECT
        g.account AS account, g.holder_arn AS resource,
        CASE WHEN g.is_wide = 1 THEN 'FAIL' ELSE 'PASS' END AS status,
        CASE WHEN g.conditions IS NULL THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
        CASE
            WHEN g.is_wide = 1 AND t.role_count > 0 THEN 'any role that trusts the account can be taken up: name those that are'
            WHEN g.is_wide = 1 AND c.complete AND (g.holder_kind = 'user' OR g.holder_kind = 'role')
                THEN 'any role that trusts the account can be taken up, and none was in the window'
            WHEN g.is_wide = 1 THEN 'any role that trusts the account can be taken up; the logs do not tell which are'
            ELSE 'the roles are named'
        END AS reason,
        g.holder_kind AS holder_kind, g.policy_name AS policy_name, g.statement AS statement, g.resources AS resources, g.conditions AS conditions,
        t.role_count AS role_count, t.roles AS roles
    FROM granted AS g
    LEFT JOIN roles_taken_up AS t ON g.holder_arn = t.holder_arn
    LEFT JOIN coverage_summary AS c ON g.account = c.account
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'HIGH' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS holder_kind, n.no_text AS policy_name, n.no_int AS statement, n.no_text AS resources, n.no_text AS conditions,
        n.no_int AS role_count, n.no_text AS roles
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete
)
SELECT
    account, resource, status, severity, reason, holder_kind, policy_name, statement, resources, conditions, role_count, roles
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, policy_name ASC NULLS LAST, statement ASC NULLS LAST, resources ASC NULLS LAST, conditions ASC NULLS LAST
