-- title: Full access to a service
-- question: Which users, groups and roles hold a policy that allows all of a service on every resource, and how much of it do they use?
-- columns: account, resource, status, severity, reason, holder_kind, source, via, policy_name, policy_arn, full_actions, granted_actions, used_actions, last_seen_ms, proposal, actions_after, looked_at
-- A statement that allows * is an administrator's and not looked at here.
WITH allowing AS (
    SELECT
        document_id,
        statement,
        action_set,
        action_count,
        actions,
        is_not_action,
        '
' || LOWER(actions) || '
' AS action_lines,
        '
' || resources || '
' AS resource_lines
    FROM statements
    WHERE policy_type = 'identity'
        AND effect = 'Allow'
        AND NOT is_not_resource
),
ranked AS (
    SELECT
        document_id,
        statement,
        action_set,
        action_count,
        actions,
        CASE
            WHEN is_not_action THEN 5
            WHEN action_lines LIKE '%
cloudtrail:*
%' THEN 1
            WHEN action_lines LIKE '%
kms:*
%' THEN 2
            WHEN action_lines LIKE '%
iam:*
%' OR action_lines LIKE '%
organizations:*
%' OR action_lines LIKE '%
sts:*
%' THEN 3
            WHEN action_lines LIKE '%
kms:decrypt
%' OR action_lines LIKE '%
kms:reencryptfrom
%'
                OR action_lines LIKE '%
kms:decrypt*
%' OR action_lines LIKE '%
kms:reencrypt*
%' THEN 4
            WHEN action_lines LIKE '%:*
%' THEN 6
        END AS tier
    FROM allowing
    WHERE (is_not_action AND resource_lines LIKE '%
*
%')
        OR (NOT is_not_action
            AND (resource_lines LIKE '%
*
%' OR resource_lines LIKE '%:::*
%' OR resource_lines LIKE '%:key/*
%')
            AND action_lines NOT LIKE '%
*
%'
            AND action_lines NOT LIKE '%
*:*
%')
),
full_statements AS (
    SELECT document_id, statement, action_set, action_count, actions, tier
    FROM ranked
    WHERE tier IS NOT NULL
),
full_documents AS (
    SELECT
        document_id,
        MIN(tier) AS tier,
        MIN(actions) AS full_actions,
        MAX(action_count) AS granted_actions
    FROM full_statements
    GROUP BY document_id
),
held AS (
    SELECT
        h.account AS account,
        CASE WHEN h.source = 'group' THEN h.via ELSE h.holder_arn END AS owner_arn,
        h.holder_kind AS holder_kind,
        h.holder_key AS holder_key,
        h.source AS source,
        h.via AS via,
        h.policy_name AS policy_name,
        h.policy_arn AS policy_arn,
        CASE
            WHEN h.policy_arn IS NOT NULL AND SPLIT_PART(h.policy_arn, ':', 5) <> 'aws' THEN h.policy_arn
            WHEN h.source = 'permission-set' THEN h.via
            WHEN h.source = 'group' THEN h.via || ' ' || COALESCE(h.policy_arn, h.policy_name)
            ELSE h.holder_arn || ' ' || COALESCE(h.policy_arn, h.policy_name)
        END AS gap_key,
        h.document_id AS document_id,
        d.tier AS tier,
        d.full_actions AS full_actions,
        d.granted_actions AS granted_actions
    FROM attachments AS h
    JOIN full_documents AS d ON h.document_id = d.document_id
    LEFT JOIN principals AS p ON h.holder_arn = p.arn
    WHERE h.account IS NOT NULL
        AND h.source <> 'boundary'
        AND (p.is_service_linked IS NULL OR NOT p.is_service_linked)
),
-- What the holders used of what the statements allow.
used_sets AS (
    SELECT
        h.owner_arn AS owner_arn,
        h.document_id AS document_id,
        s.action_set AS action_set,
        u.action AS action,
        u.last_seen_ms AS last_seen_ms
    FROM held AS h
    JOIN used_actions AS u ON h.holder_key = u.principal_key
    JOIN full_statements AS s ON h.document_id = s.document_id
),
uses AS (
    SELECT
        u.owner_arn AS owner_arn,
        u.document_id AS document_id,
        CAST(COUNT(DISTINCT u.action) AS BIGINT) AS used_actions,
        MAX(u.last_seen_ms) AS last_seen_ms
    FROM used_sets AS u
    JOIN action_sets AS a ON u.action_set = a.action_set AND u.action = a.action
    GROUP BY u.owner_arn, u.document_id
),
gap_rows AS (
    SELECT
        CASE
            WHEN placement = 'customer-managed' OR owner_kind = 'permission-set' THEN owner_arn
            ELSE owner_arn || ' ' || COALESCE(policy_arn, policy)
        END AS gap_key,
        CASE WHEN status = 'unchanged' THEN 1 WHEN status = 'written' THEN 2 ELSE 3 END AS grade,
        actions_after
    FROM policy_gaps
    WHERE placement <> 'trust'
),
-- A permission set is taken as a whole: its policies may be merged into one.
gaps AS (
    SELECT
        gap_key,
        CASE WHEN MAX(grade) = 1 THEN 'unchanged' WHEN MAX(grade) = 2 THEN 'written' ELSE 'withheld' END AS proposal,
        CAST(SUM(actions_after) AS BIGINT) AS actions_after
    FROM gap_rows
    GROUP BY gap_key
),
fails AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS failed
    FROM held
    WHERE source <> 'group'
    GROUP BY account
),
unseen AS (
    SELECT account, holder_arn
    FROM attachments
    WHERE account IS NOT NULL AND document_id IS NULL AND source <> 'boundary'
    UNION ALL
    SELECT account, arn AS holder_arn
    FROM principals
    WHERE untold LIKE '%policies%' OR untold LIKE '%groups%'
),
blind AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS unseen
    FROM unseen
    GROUP BY account
),
looked AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS looked_at
    FROM attachments
    WHERE account IS NOT NULL AND source <> 'boundary' AND source <> 'group'
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
            ELSE 'no policy that somebody holds allows all of a service on every resource'
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
        h.account AS account,
        h.owner_arn AS resource,
        'FAIL' AS status,
        CASE WHEN h.tier < 6 THEN 'MEDIUM' ELSE 'LOW' END AS severity,
        CASE
            WHEN h.tier = 1 THEN 'allows all of CloudTrail: can stop the log'
            WHEN h.tier = 2 THEN 'allows all of KMS on every key'
            WHEN h.tier = 3 THEN 'allows all of IAM, STS or Organizations: can change who may do what'
            WHEN h.tier = 4 THEN 'allows to decrypt with every key'
            WHEN h.tier = 5 THEN 'allows everything but some actions on every resource'
            ELSE 'allows all of a service on every resource'
        END AS reason,
        h.holder_kind AS holder_kind,
        h.source AS source,
        h.via AS via,
        h.policy_name AS policy_name,
        h.policy_arn AS policy_arn,
        h.full_actions AS full_actions,
        h.granted_actions AS granted_actions,
        CASE WHEN u.used_actions IS NULL AND c.complete THEN 0 ELSE u.used_actions END AS used_actions,
        u.last_seen_ms AS last_seen_ms,
        g.proposal AS proposal,
        g.actions_after AS actions_after,
        n.no_int AS looked_at
    FROM held AS h
    LEFT JOIN uses AS u ON h.owner_arn = u.owner_arn AND h.document_id = u.document_id
    LEFT JOIN gaps AS g ON h.gap_key = g.gap_key
    LEFT JOIN coverage_summary AS c ON h.account = c.account
    CROSS JOIN nulls AS n
    WHERE h.source <> 'group'
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'LOW' AS severity, t.reason AS reason, n.no_text AS holder_kind,
        n.no_text AS source, n.no_text AS via, n.no_text AS policy_name, n.no_text AS policy_arn, n.no_text AS full_actions,
        n.no_int AS granted_actions, n.no_int AS used_actions, n.no_int AS last_seen_ms, n.no_text AS proposal,
        n.no_int AS actions_after, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed IS NULL
)
SELECT account, resource, status, severity, reason, holder_kind, source, via, policy_name, policy_arn, full_actions, granted_actions, used_actions,
    last_seen_ms, proposal, actions_after, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, source ASC NULLS LAST, policy_arn ASC NULLS LAST, policy_name ASC NULLS LAST
