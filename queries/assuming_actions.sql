-- title: Role assumptions as actions
-- question: Which authorised actions took up a role?
-- columns: event_id, event_time_ms, role_arn, action, principal_account, principal_key, principal_arn, principal_type, call_key, side
-- size: large
-- A view that other queries ask.
SELECT
    event_id,
    event_time_ms,
    resource_arn AS role_arn,
    action,
    principal_account,
    principal_key,
    principal_arn,
    principal_type,
    call_key,
    side
FROM event_actions
WHERE action LIKE 'sts:AssumeRole%'
    AND outcome = 'allowed'
ORDER BY event_id ASC NULLS LAST, action ASC NULLS LAST, role_arn ASC NULLS LAST, side ASC NULLS LAST
