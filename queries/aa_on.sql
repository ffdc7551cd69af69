-- title: Analyzers of external access
-- question: Does an analyzer of IAM Access Analyzer watch external access in each region of each account, and does anybody read its findings?
-- columns: account, resource, status, severity, reason, region, analyzers, active_findings
WITH analyzers AS (
    SELECT
        i.account AS account,
        i.region AS region,
        a.organisation_id AS organisation_id,
        CASE
            WHEN i.state <> 'present' OR i.detail LIKE '%UNUSED%' OR i.detail LIKE '%INTERNAL%' OR i.detail LIKE '%DISABLED%'
                OR i.detail LIKE '%FAILED%' OR i.detail LIKE '%CREATING%' THEN 'none'
            WHEN i.detail LIKE '%ORGANIZATION%' THEN 'organisation'
            WHEN i.detail LIKE '%ACCOUNT%' THEN 'account'
            ELSE 'none'
        END AS watches,
        i.state AS state
    FROM inventory AS i
    LEFT JOIN accounts AS a ON i.account = a.account
    WHERE i.kind = 'analyzer'
),
told AS (
    SELECT
        account,
        region,
        CAST(SUM(CASE WHEN watches = 'none' THEN 0 ELSE 1 END) AS BIGINT) AS analyzers,
        MAX(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END) AS is_unknown
    FROM analyzers
    GROUP BY account, region
),
covering AS (
    SELECT DISTINCT organisation_id, region
    FROM analyzers
    WHERE watches = 'organisation' AND organisation_id IS NOT NULL
),
all_regions AS (
    SELECT account, region FROM told
    UNION ALL
    SELECT account, region FROM region_use WHERE allowed_calls > 0
),
regions AS (
    SELECT DISTINCT account, region
    FROM all_regions
    WHERE region IS NOT NULL
),
findings AS (
    SELECT account, CAST(COUNT(*) AS BIGINT) AS active_findings
    FROM inventory
    WHERE kind = 'access-analyzer-finding' AND state = 'present' AND detail LIKE '%ExternalAccess%' AND detail LIKE '%ACTIVE%'
    GROUP BY account
),
both AS (
    SELECT
        a.account AS account,
        CASE
            WHEN t.analyzers > 0 OR o.region IS NOT NULL THEN 'PASS'
            WHEN t.account IS NULL OR t.is_unknown = 1 THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        'HIGH' AS severity,
        CASE
            WHEN t.analyzers > 0 THEN 'an analyzer watches external access'
            WHEN o.region IS NOT NULL THEN 'an analyzer of the organisation watches external access'
            WHEN r.region IS NULL THEN 'no list of analyzers of this account was given'
            WHEN t.account IS NULL THEN 'the region is used, and no list of its analyzers was given'
            WHEN t.is_unknown = 1 THEN 'the export could not tell which analyzers there are'
            ELSE 'no analyzer watches external access'
        END AS reason,
        r.region AS region,
        t.analyzers AS analyzers,
        n.no_int AS active_findings
    FROM accounts AS a
    LEFT JOIN regions AS r ON a.account = r.account
    LEFT JOIN told AS t ON r.account = t.account AND r.region = t.region
    LEFT JOIN covering AS o ON a.organisation_id = o.organisation_id AND r.region = o.region
    CROSS JOIN nulls AS n
    WHERE a.owned
    UNION ALL
    SELECT
        a.account AS account,
        'FAIL' AS status,
        'MEDIUM' AS severity,
        'findings of external access wait for somebody' AS reason,
        'findings' AS region,
        n.no_int AS analyzers,
        f.active_findings AS active_findings
    FROM accounts AS a
    JOIN findings AS f ON a.account = f.account
    CROSS JOIN nulls AS n
    WHERE a.owned
)
SELECT account, account AS resource, status, severity, reason, region, analyzers, active_findings
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, region ASC NULLS LAST
