-- Published pages are looked at once a day. Where nothing is to be done, due_at says when that is the next time.
CREATE INDEX igny8_publications_looked_at_idx ON igny8_publications (due_at) WHERE work IS NULL AND state = 'published';
GRANT SELECT (state), UPDATE (due_at) ON igny8_publications TO igny8_publisher_system;
