-- title: Delegated administrators
-- question: Which accounts administer services for the whole organisation, and are they ours?
-- columns: account, resource, status, severity, reason, organisation_id, account_name, account_status, services
WITH delegated AS (
    SELECT
        account AS manager,
        thing AS delegate,
        subject AS organisation_id,
        state,
        detail AS services
    FROM inventory
    WHERE kind = 'delegated-administrator'
),
told_organisations AS (
    SELECT DISTINCT organisation_id
    FROM delegated
),
untold AS (
    SELECT
        COALESCE(a.organisation_id, a.account) AS resource,
        MAX(a.account) AS account,
        MAX(a.organisation_id) AS organisation_id
    FROM accounts AS a
    LEFT JOIN told_organisations AS t ON a.organisation_id = t.organisation_id
    WHERE a.owned AND t.organisation_id IS NULL
    GROUP BY COALESCE(a.organisation_id, a.account)
),
both AS (
    SELECT
        d.manager AS account,
        d.delegate AS resource,
        CASE
            WHEN a.account IS NULL OR NOT a.owned THEN 'FAIL'
            WHEN a.status IS NOT NULL AND a.status <> 'ACTIVE' THEN 'FAIL'
            WHEN d.state <> 'present' THEN 'UNKNOWN'
            ELSE 'PASS'
        END AS status,
        CASE WHEN a.account IS NULL OR NOT a.owned THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
        CASE
            WHEN a.account IS NULL OR NOT a.owned THEN 'administers for the organisation and is none of our accounts'
            WHEN a.status IS NOT NULL AND a.status <> 'ACTIVE' THEN 'administers for the organisation though it is being closed or suspended'
            WHEN d.state <> 'present' THEN 'administers for the organisation; for which services is not known'
            ELSE 'administers the services that are listed, and is ours'
        END AS reason,
        d.organisation_id AS organisation_id,
        a.name AS account_name,
        a.status AS account_status,
        d.services AS services
    FROM delegated AS d
    LEFT JOIN accounts AS a ON d.delegate = a.account
    UNION ALL
    SELECT
        u.account AS account,
        u.resource AS resource,
        'UNKNOWN' AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN u.organisation_id IS NULL THEN 'no export of an organisation tells of this account'
            ELSE 'no delegated administrator is listed: there is none, or it was not exported'
        END AS reason,
        u.organisation_id AS organisation_id,
        n.no_text AS account_name,
        n.no_text AS account_status,
        n.no_text AS services
    FROM untold AS u
    CROSS JOIN nulls AS n
)
SELECT account, resource, status, severity, reason, organisation_id, account_name, account_status, services
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, organisation_id ASC NULLS LAST
