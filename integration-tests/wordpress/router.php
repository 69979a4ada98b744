<?php
$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
$file = realpath($root.$path);
if ($file && strpos($file, $root) === 0 && $path !== '/' && basename($file) !== 'wp-config.php') {
  if (is_file($file) || is_file($file.'/index.php')) return false;   // built-in server serves or runs it
}
if (is_file(dirname($root).'/run/plain') && $path !== '/') {         // no rewrite rules: Apache answers 404 itself
  http_response_code(404); echo '<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>'; return true;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $root.'/index.php';
require $root.'/index.php';
