-- title: Guardrails of the organisation
-- question: Are service and resource control policies switched on, and does one of them take anything away?
-- columns: account, resource, status, severity, reason, policy_type, policies, own_policies
WITH written AS (
    SELECT
        CASE WHEN policy_type = 'scp' THEN 'SERVICE_CONTROL_POLICY' ELSE 'RESOURCE_CONTROL_POLICY' END AS kind,
        CAST(COUNT(DISTINCT owner) AS BIGINT) AS policies,
        CAST(COUNT(DISTINCT CASE WHEN COALESCE(name, '') NOT IN ('FullAWSAccess', 'RCPFullAWSAccess') THEN owner END) AS BIGINT) AS own_policies
    FROM documents
    WHERE policy_type = 'scp' OR policy_type = 'rcp'
    GROUP BY policy_type
),
types AS (
    SELECT
        account,
        subject,
        thing,
        state,
        detail
    FROM inventory
    WHERE kind = 'organisation-policy-type'
        AND (thing = 'SERVICE_CONTROL_POLICY' OR thing = 'RESOURCE_CONTROL_POLICY')
),
told_organisations AS (
    SELECT DISTINCT subject AS organisation_id
    FROM types
),
untold AS (
    SELECT
        COALESCE(a.organisation_id, a.account) AS resource,
        MAX(a.account) AS account,
        MAX(CASE WHEN a.organisation_id IS NULL THEN 1 ELSE 0 END) AS outside
    FROM accounts AS a
    LEFT JOIN told_organisations AS t ON a.organisation_id = t.organisation_id
    WHERE a.owned AND t.organisation_id IS NULL
    GROUP BY COALESCE(a.organisation_id, a.account)
),
both AS (
    SELECT
        t.account AS account,
        t.subject AS resource,
        CASE
            WHEN t.state = 'unknown' THEN 'UNKNOWN'
            WHEN t.state = 'absent' OR t.detail = 'on=false' THEN 'FAIL'
            WHEN t.detail <> 'on=true' OR t.detail IS NULL THEN 'UNKNOWN'
            WHEN w.policies IS NULL THEN 'UNKNOWN'
            WHEN w.own_policies = 0 THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE WHEN t.thing = 'SERVICE_CONTROL_POLICY' THEN 'MEDIUM' ELSE 'LOW' END AS severity,
        CASE
            WHEN t.state = 'unknown' THEN 'no export says whether policies of this kind are on'
            WHEN t.state = 'absent' OR t.detail = 'on=false' THEN 'policies of this kind are off'
            WHEN t.detail <> 'on=true' OR t.detail IS NULL THEN 'no export says whether policies of this kind are on'
            WHEN w.policies IS NULL THEN 'policies of this kind are on, but none was exported'
            WHEN w.own_policies = 0 THEN 'policies of this kind are on, but only the one that allows everything exists'
            ELSE 'policies of this kind are on, and there are some of your own'
        END AS reason,
        t.thing AS policy_type,
        w.policies AS policies,
        w.own_policies AS own_policies
    FROM types AS t
    LEFT JOIN written AS w ON t.thing = w.kind
    UNION ALL
    SELECT
        u.account AS account,
        u.resource AS resource,
        'UNKNOWN' AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN u.outside = 1 THEN 'no export of an organisation tells of this account'
            ELSE 'no export says which kinds of policies are on'
        END AS reason,
        n.no_text AS policy_type,
        n.no_int AS policies,
        n.no_int AS own_policies
    FROM untold AS u
    CROSS JOIN nulls AS n
)
SELECT account, resource, status, severity, reason, policy_type, policies, own_policies
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, policy_type ASC NULLS LAST
