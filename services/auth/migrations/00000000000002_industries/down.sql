-- A site or sector that started from the catalogue keeps itself and loses the reference.
DELETE FROM igny8_industry_sectors;
DELETE FROM igny8_industries;
