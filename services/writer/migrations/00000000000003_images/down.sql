DROP TABLE igny8_pictures;
DROP TABLE igny8_images;
DROP TABLE igny8_files;
