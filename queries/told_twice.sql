-- title: Calls that are told twice
-- question: Of which calls is there the caller's copy and another?
-- columns: call_key
-- size: large
-- A view that other queries ask: of such a call the caller's copy counts and no other does.
SELECT o.call_key AS call_key
FROM other_sides AS o
INNER JOIN event_actions AS a ON o.call_key = a.call_key
WHERE a.side = 'caller'
GROUP BY o.call_key
ORDER BY call_key ASC NULLS LAST
