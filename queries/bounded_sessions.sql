-- title: Sessions with session policies
-- question: Which credentials did STS hand out with session policies, and what were the policies?
-- columns: issued_access_key_id, session_policy, session_policy_arns, is_told
-- size: large
-- A view that other queries ask. A session is known by its access key id: the STS event that issued it tells the policies. That event
-- may be older than the window. Copies of it in two accounts must agree; where they do not, or none tells, is_told is false.
-- Sessions that were made without session policies are left out.
WITH issuing AS (
    SELECT
        issued_access_key_id,
        session_policy,
        session_policy_arns,
        CASE WHEN session_policy_arns IS NULL THEN NULL ELSE COALESCE(session_policy, '') END AS policy_or_none
    FROM events
    WHERE issued_access_key_id IS NOT NULL
),
issued AS (
    SELECT
        issued_access_key_id,
        MAX(session_policy) AS session_policy,
        MAX(session_policy_arns) AS session_policy_arns,
        MIN(session_policy_arns) AS least_arns,
        MIN(policy_or_none) AS least_policy,
        MAX(policy_or_none) AS greatest_policy
    FROM issuing
    GROUP BY issued_access_key_id
)
SELECT
    issued_access_key_id,
    session_policy,
    session_policy_arns,
    CASE WHEN least_policy = greatest_policy AND least_arns = session_policy_arns THEN TRUE ELSE FALSE END AS is_told
FROM issued
WHERE session_policy IS NOT NULL OR session_policy_arns IS NULL OR session_policy_arns <> '[]' OR least_arns <> '[]'
ORDER BY issued_access_key_id ASC NULLS LAST
