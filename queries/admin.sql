-- title: Full administrators
-- question: Which users, groups and roles hold a policy that allows every action on everything, and how much of it do they use?
-- columns: account, resource, status, severity, reason, holder_kind, source, via, policy_name, policy_arn, conditions, used_actions, used_services, last_seen_ms, proposal, actions_after, looked_at
-- The use of a group is that of its members. A policy is held by one place: users do not show again for their groups.
WITH wide AS (
    SELECT
        document_id,
        MAX(CASE WHEN conditions IS NULL THEN 1 ELSE 0 END) AS always,
        MAX(conditions) AS conditions
    FROM statements
    WHERE policy_type = 'identity'
        AND effect = 'Allow'
        AND NOT is_not_action
        AND NOT is_not_resource
        AND (('
' || actions || '
') LIKE '%
*
%' OR ('
' || actions || '
') LIKE '%
*:*
%')
        AND ('
' || resources || '
') LIKE '%
*
%'
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
        CASE WHEN w.document_id IS NULL THEN 1 ELSE w.always END AS always,
        w.conditions AS conditions
    FROM attachments AS h
    LEFT JOIN wide AS w ON h.document_id = w.document_id
    WHERE h.account IS NOT NULL
        AND h.source <> 'boundary'
        AND (w.document_id IS NOT NULL
            OR (SPLIT_PART(h.policy_arn, ':', 5) = 'aws' AND h.policy_name = 'AdministratorAccess'))
),
pairs AS (
    SELECT DISTINCT owner_arn, holder_key
    FROM held
    WHERE holder_key IS NOT NULL
),
uses AS (
    SELECT
        p.owner_arn AS owner_arn,
        CAST(COUNT(DISTINCT u.action) AS BIGINT) AS used_actions,
        CAST(COUNT(DISTINCT SPLIT_PART(u.action, ':', 1)) AS BIGINT) AS used_services,
        MAX(u.last_seen_ms) AS last_seen_ms
    FROM pairs AS p
    JOIN used_actions AS u ON p.holder_key = u.principal_key
    GROUP BY p.owner_arn
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
emergency AS (
    SELECT DISTINCT value AS arn
    FROM listed
    WHERE list = 'break-glass'
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
        AND (policy_arn IS NULL OR policy_name <> 'AdministratorAccess')
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
            ELSE 'no policy that somebody holds allows everything on everything'
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
        CASE
            WHEN e.arn IS NOT NULL THEN 'LOW'
            WHEN h.always = 0 THEN 'MEDIUM'
            ELSE 'HIGH'
        END AS severity,
        CASE
            WHEN e.arn IS NOT NULL THEN 'allows everything on everything; listed as break-glass'
            WHEN h.always = 0 THEN 'allows everything on everything under a condition'
            WHEN u.used_actions IS NULL AND c.complete THEN 'allows everything on everything, and the logs show no use'
            ELSE 'allows everything on everything'
        END AS reason,
        h.holder_kind AS holder_kind,
        h.source AS source,
        h.via AS via,
        h.policy_name AS policy_name,
        h.policy_arn AS policy_arn,
        h.conditions AS conditions,
        CASE WHEN u.used_actions IS NULL AND c.complete THEN 0 ELSE u.used_actions END AS used_actions,
        CASE WHEN u.used_services IS NULL AND c.complete THEN 0 ELSE u.used_services END AS used_services,
        u.last_seen_ms AS last_seen_ms,
        g.proposal AS proposal,
        g.actions_after AS actions_after,
        n.no_int AS looked_at
    FROM held AS h
    LEFT JOIN uses AS u ON h.owner_arn = u.owner_arn
    LEFT JOIN gaps AS g ON h.gap_key = g.gap_key
    LEFT JOIN emergency AS e ON h.owner_arn = e.arn
    LEFT JOIN coverage_summary AS c ON h.account = c.account
    CROSS JOIN nulls AS n
    WHERE h.source <> 'group'
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'HIGH' AS severity, t.reason AS reason, n.no_text AS holder_kind,
        n.no_text AS source, n.no_text AS via, n.no_text AS policy_name, n.no_text AS policy_arn, n.no_text AS conditions,
        n.no_int AS used_actions, n.no_int AS used_services, n.no_int AS last_seen_ms, n.no_text AS proposal,
        n.no_int AS actions_after, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed IS NULL
)
SELECT account, resource, status, severity, reason, holder_kind, source, via, policy_name, policy_arn, conditions, used_actions, used_services,
    last_seen_ms, proposal, actions_after, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, source ASC NULLS LAST, policy_arn ASC NULLS LAST, policy_name ASC NULLS LAST
