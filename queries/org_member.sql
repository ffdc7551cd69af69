-- title: Accounts of the organisation
-- question: Does each of our accounts stand in an organisation?
-- columns: account, resource, status, severity, reason, account_name, organisation_id, ou_path, account_status, is_management_account
WITH known AS (
    SELECT CAST(COUNT(organisation_id) AS BIGINT) AS members
    FROM accounts
)
SELECT
    a.account AS account,
    a.account AS resource,
    CASE
        WHEN a.organisation_id IS NOT NULL THEN 'PASS'
        WHEN k.members = 0 THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN a.organisation_id IS NOT NULL AND a.status IS NOT NULL AND a.status <> 'ACTIVE' THEN 'stands in the organisation, but is being closed or suspended'
        WHEN a.organisation_id IS NOT NULL THEN 'stands in the organisation'
        WHEN k.members = 0 THEN 'no export of an organisation was given'
        ELSE 'stands in none of the organisations that were exported'
    END AS reason,
    a.name AS account_name,
    a.organisation_id AS organisation_id,
    a.ou_path AS ou_path,
    a.status AS account_status,
    a.is_management_account AS is_management_account
FROM accounts AS a
CROSS JOIN known AS k
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
