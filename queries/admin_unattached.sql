-- title: Administrator policies that nobody holds
-- question: Which customer managed policies allow every action on everything and are attached to nobody?
-- columns: account, resource, status, severity, reason, policy_name, created_ms, updated_ms, looked_at
WITH wide AS (
    SELECT DISTINCT document_id
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
),
places AS (
    SELECT d.owner AS owner, MAX(d.document_id) AS document_id, MAX(w.document_id) AS wide_id
    FROM documents AS d
    LEFT JOIN wide AS w ON d.document_id = w.document_id
    WHERE d.owner_kind = 'policy' AND d.policy_type = 'identity'
    GROUP BY d.owner
),
loose AS (
    SELECT
        m.account AS account,
        m.policy_arn AS policy_arn,
        m.name AS policy_name,
        m.created_ms AS created_ms,
        m.updated_ms AS updated_ms,
        d.document_id AS document_id,
        d.wide_id AS wide_id
    FROM managed_policies AS m
    LEFT JOIN places AS d ON m.policy_arn = d.owner
    WHERE NOT m.is_aws AND m.attached_count = 0 AND m.boundary_count = 0
),
counts AS (
    SELECT
        account,
        CAST(COUNT(*) AS BIGINT) AS looked_at,
        CAST(SUM(CASE WHEN document_id IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unseen,
        CAST(SUM(CASE WHEN wide_id IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS failed
    FROM loose
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
            ELSE 'no policy that nobody holds allows everything on everything'
        END AS reason,
        COALESCE(b.failed, 0) AS failed,
        b.looked_at AS looked_at
    FROM accounts AS a
    LEFT JOIN counts AS b ON a.account = b.account
    WHERE a.owned
),
both AS (
    SELECT
        o.account AS account, o.policy_arn AS resource, 'FAIL' AS status, 'MEDIUM' AS severity,
        'allows everything on everything and waits to be attached' AS reason,
        o.policy_name AS policy_name, o.created_ms AS created_ms, o.updated_ms AS updated_ms, n.no_int AS looked_at
    FROM loose AS o
    CROSS JOIN nulls AS n
    WHERE o.wide_id IS NOT NULL
    UNION ALL
    SELECT
        t.account AS account, t.account AS resource, t.status AS status, 'MEDIUM' AS severity, t.reason AS reason,
        n.no_text AS policy_name, n.no_int AS created_ms, n.no_int AS updated_ms, t.looked_at AS looked_at
    FROM told AS t
    CROSS JOIN nulls AS n
    WHERE t.status = 'UNKNOWN' OR t.failed = 0
)
SELECT account, resource, status, severity, reason, policy_name, created_ms, updated_ms, looked_at
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
