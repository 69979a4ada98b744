DROP TABLE igny8_idea_collisions, igny8_content_ideas, igny8_cluster_trees, igny8_deleted_cluster_keywords, igny8_keyword_moves;
DROP TRIGGER igny8_keywords_cluster_counts ON igny8_keywords;
DROP FUNCTION app.count_cluster_keywords();
