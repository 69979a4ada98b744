DROP TABLE igny8_keyword_counts, igny8_keywords, igny8_clusters, igny8_sector_copies, igny8_site_copies;
DROP FUNCTION app.count_keywords();
