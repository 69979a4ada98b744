<?php
// argv: site dir, base url, credentials file, socket, plain|pretty, time zone
[, $site, $base, $cred, $sock, $links, $tz] = $argv;
$_SERVER += ['HTTP_HOST'=>parse_url($base, PHP_URL_HOST).':'.parse_url($base, PHP_URL_PORT), 'REQUEST_METHOD'=>'GET', 'REQUEST_URI'=>'/', 'SERVER_PROTOCOL'=>'HTTP/1.1', 'SERVER_NAME'=>'127.0.0.1', 'REMOTE_ADDR'=>'127.0.0.1'];
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = mysqli_connect('localhost', 'root', '', '', 0, $sock);
$db->query('CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci');
$fresh = !$db->query("SELECT 1 FROM information_schema.tables WHERE table_schema='wordpress' AND table_name='wp_users'")->num_rows;
mysqli_report(MYSQLI_REPORT_OFF);
if ($fresh) define('WP_INSTALLING', true);
function wp_new_blog_notification() {}                        // pluggable: would send mail
require "$site/wp-load.php";
require_once ABSPATH.'wp-admin/includes/upgrade.php';
$old = json_decode((string) @file_get_contents($cred), true) ?: [];
$admin_pw = $old['admin_password'] ?? bin2hex(random_bytes(12));
if ($fresh) {
  // skips the loopback probes of wp_install_maybe_enable_pretty_permalinks()
  add_filter('pre_option_permalink_structure', $f = function () { return '/%postname%/'; });
  wp_install('IGNY8 test site', 'admin', 'admin@example.test', true, '', $admin_pw);
  remove_filter('pre_option_permalink_structure', $f);
}
global $wp_rewrite, $wp_version;
$wp_rewrite->init(); $wp_rewrite->set_permalink_structure($links === 'plain' ? '' : '/%postname%/');
$wp_rewrite->flush_rules(false);
update_option('timezone_string', $tz); update_option('default_pingback_flag', 0); update_option('blog_public', '1');
$themes = wp_get_themes(); if (!isset($themes[get_stylesheet()]) && $themes) switch_theme(key($themes));
$users = [];
foreach (['publisher'=>'editor', 'admin'=>'administrator', 'writer'=>'author', 'drafter'=>'contributor', 'reader'=>'subscriber'] as $login=>$role) {
  $u = get_user_by('login', $login);
  if (!$u) { $id = wp_insert_user(['user_login'=>$login, 'user_pass'=>bin2hex(random_bytes(12)), 'user_email'=>"$login@example.test", 'role'=>$role, 'display_name'=>ucfirst($login)]);
             if (is_wp_error($id)) { fwrite(STDERR, $id->get_error_message()."\n"); exit(1); } $u = get_user_by('id', $id); }
  if ($login === 'admin' && $u && !wp_check_password($admin_pw, $u->user_pass, $u->ID)) wp_set_password($admin_pw, $u->ID);
  // WordPress keeps only a hash: reuse the plain text we stored if it still matches, else issue a new one
  $pw = null;
  foreach ($old['users'] ?? [] as $o) if ($o['user'] === $login)
    foreach (WP_Application_Passwords::get_user_application_passwords($u->ID) as $item) {
      $plain = preg_replace('/[^a-z\d]/i', '', $o['application_password']);
      $ok = method_exists('WP_Application_Passwords', 'check_password')
        ? WP_Application_Passwords::check_password($plain, $item['password']) : wp_check_password($plain, $item['password'], $u->ID);
      if ($ok) $pw = $o['application_password'];
    }
  if (!$pw) { $r = WP_Application_Passwords::create_new_application_password($u->ID, ['name'=>'igny8 '.bin2hex(random_bytes(3))]);
              if (is_wp_error($r)) { fwrite(STDERR, $r->get_error_message()."\n"); exit(1); }
              $pw = WP_Application_Passwords::chunk_password($r[0]); }
  $users[] = ['user'=>$login, 'role'=>$role, 'id'=>$u->ID, 'application_password'=>$pw];
}
$out = ['base_url'=>$base, 'rest_url'=>$links === 'plain' ? "$base/index.php?rest_route=" : "$base/wp-json",
  'user'=>'publisher', 'application_password'=>$users[0]['application_password'], 'users'=>$users,
  'admin_user'=>'admin', 'admin_password'=>$admin_pw, 'wordpress_version'=>$wp_version, 'php_version'=>PHP_VERSION,
  'permalinks'=>$links, 'environment_type'=>wp_get_environment_type(), 'timezone'=>$tz, 'data_dir'=>dirname($site)];
file_put_contents("$cred.tmp", json_encode($out, JSON_UNESCAPED_SLASHES)."\n"); rename("$cred.tmp", $cred);
