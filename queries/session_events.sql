-- title: Events of sessions with session policies
-- question: Which events were made with credentials that session policies bound?
-- columns: event_id, session_name, session_policy, session_policy_arns, is_told
-- size: large
-- A view that other queries ask. Events whose STS event is not in the store are left out.
SELECT
    e.event_id AS event_id,
    e.session_name AS session_name,
    s.session_policy AS session_policy,
    s.session_policy_arns AS session_policy_arns,
    s.is_told AS is_told
FROM bounded_sessions AS s
INNER JOIN events AS e ON s.issued_access_key_id = e.access_key_id
ORDER BY event_id ASC NULLS LAST, session_policy ASC NULLS LAST, session_policy_arns ASC NULLS LAST, is_told ASC NULLS LAST
