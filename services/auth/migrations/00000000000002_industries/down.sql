-- Refused by the foreign keys as long as a site or a sector refers to the catalogue.
DELETE FROM igny8_industry_sectors;
DELETE FROM igny8_industries;
