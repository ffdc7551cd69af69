-- title: Unused permissions
-- question: Which policies allow more than their holders use, and what would be left?
-- columns: account, resource, status, severity, reason, owner_kind, policy, policy_arn, placement, proposal, why, holders, actions_before, actions_after, used_actions, risky_dropped, kept_unobservable, looked_at
WITH placed AS (
    SELECT
        account,
        owner_kind,
        owner_arn,
        policy,
        policy_arn,
        placement,
        status AS proposal,
        why,
        holders,
        actions_before,
        actions_after,
        risky_dropped,
        kept_unobservable,
        CASE
            WHEN placement = 'customer-managed' THEN owner_arn
            WHEN owner_kind = 'permission-set' THEN owner_arn || ' ' || COALESCE(policy_arn, '')
            ELSE owner_arn || ' ' || COALESCE(policy_arn, policy)
        END AS gap_key
    FROM policy_gaps
    WHERE placement <> 'trust' AND placement <> 'from-usage'
),
keyed AS (
    SELECT
        h.holder_key AS holder_key,
        h.document_id AS document_id,
        CASE
            WHEN h.policy_arn IS NOT NULL AND SPLIT_PART(h.policy_arn, ':', 5) <> 'aws' THEN h.policy_arn
            WHEN h.source = 'permission-set' THEN h.via || ' ' || COALESCE(h.policy_arn, '')
            WHEN h.source = 'group' THEN h.via || ' ' || COALESCE(h.policy_arn, h.policy_name)
            ELSE h.holder_arn || ' ' || COALESCE(h.policy_arn, h.policy_name)
        END AS gap_key
    FROM attachments AS h
    WHERE h.source <> 'boundary' AND h.document_id IS NOT NULL AND h.holder_key IS NOT NULL
),
allowing AS (
    SELECT document_id, action_set
    FROM statements
    WHERE policy_type = 'identity' AND effect = 'Allow'
),
uses AS (
    SELECT k.gap_key AS gap_key, CAST(COUNT(DISTINCT u.action) AS BIGINT) AS used_actions
    FROM keyed AS k
    JOIN used_actions AS u ON k.holder_key = u.principal_key
    JOIN allowing AS s ON k.document_id = s.document_id
    JOIN action_sets AS a ON s.action_set = a.action_set AND u.action = a.action
    GROUP BY k.gap_key
),
counts AS (
    SELECT
        account,
        CAST(COUNT(*) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN proposal = 'unchanged' THEN 0 ELSE 1 END) AS BIGINT) AS shown
    FROM placed
    GROUP BY account
),
held AS (
    SELECT h.account AS account, CAST(COUNT(*) AS BIGINT) AS policies
    FROM attachments AS h
    LEFT JOIN principals AS p ON h.holder_arn = p.arn
    WHERE h.account IS NOT NULL
        AND h.source <> 'boundary'
        AND h.source <> 'permission-set'
        AND (p.is_service_linked IS NULL OR NOT p.is_service_linked)
    GROUP BY h.account
),
told AS (
    SELECT
        a.account AS account,
        CASE
            WHEN NOT a.has_authorization_details THEN 'UNKNOWN'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'UNKNOWN'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'UNKNOWN'
            WHEN h.policies > 0 AND k.looked_at IS NULL THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            WHEN a.complete IS NULL OR NOT a.complete THEN 'the account authorization details are not whole'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'the logs do not cover the window'
            WHEN h.policies > 0 AND k.looked_at IS NULL THEN 'no policy of this account was looked at'
            ELSE 'no policy allows more than is used or cannot be seen'
        END AS reason,
        COALESCE(k.shown, 0) AS shown,
        k.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS k ON a.account = k.account
    LEFT JOIN held AS h ON a.account = h.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    WHERE a.owned
),
both AS (
    SELECT
        g.account AS account, g.owner_arn AS resource,
        CASE WHEN g.proposal = 'written' THEN 'FAIL' ELSE 'UNKNOWN' END AS status,
        CASE WHEN g.risky_dropped > 0 THEN 'MEDIUM' ELSE 'LOW' END AS severity,
        CASE
            WHEN g.proposal = 'written' AND g.actions_after = 0 THEN 'nothing that it allows is used: take it away'
            WHEN g.proposal = 'written' AND g.risky_dropped > 0 THEN 'allows more than is used, risky actions among it: a smaller policy is proposed'
            WHEN g.proposal = 'written' AND g.actions_after = g.actions_before THEN 'allows its actions on more than they are used on: a smaller policy is proposed'
            WHEN g.proposal = 'written' THEN 'allows more than is used: a smaller policy is proposed'
            ELSE 'no smaller policy could be proposed'
        END AS reason,
        g.owner_kind AS owner_kind, g.policy AS policy, g.policy_arn AS policy_arn, g.placement AS placement, g.proposal AS proposal,
        g.why AS why, g.holders AS holders, g.actions_before AS actions_before, g.actions_after AS actions_after,
        CASE WHEN u.used_actions IS NULL AND c.complete THEN 0 ELSE u.used_actions END AS used_actions,
        g.risky_dropped AS risky_dropped, g.kept_unobservable AS kept_unobservable, n.no_int AS looked_at
    FROM placed AS g
    LEFT JOIN uses AS u ON g.gap_key = u.gap_key
    LEFT JOIN coverage_summary AS c ON g.account = c.account
    CROSS JOIN nulls AS n
    WHERE g.proposal <> 'unchanged'
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'LOW' AS severity, t.reason AS reason,
        n.no_text AS owner_kind, n.no_text AS policy, n.no_text AS policy_arn, n.no_text AS placement, n.no_text AS proposal,
        n.no_text AS why, n.no_int AS holders, n.no_int AS actions_before, n.no_int AS actions_after, n.no_int AS used_actions,
        n.no_int AS risky_dropped, n.no_int AS kept_unobservable, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.shown = 0
)
SELECT account, resource, status, severity, reason, owner_kind, policy, policy_arn, placement, proposal, why, holders, actions_before,
    actions_after, used_actions, risky_dropped, kept_unobservable, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, placement ASC NULLS LAST, policy_arn ASC NULLS LAST, policy ASC NULLS LAST
