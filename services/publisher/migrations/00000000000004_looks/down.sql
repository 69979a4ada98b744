REVOKE SELECT (state), UPDATE (due_at) ON igny8_publications FROM igny8_publisher_system;
DROP INDEX igny8_publications_looked_at_idx;
