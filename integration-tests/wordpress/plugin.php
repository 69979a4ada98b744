<?php
/* Plugin Name: IGNY8 tests */
add_filter('pre_wp_mail', '__return_false');   // never try to send mail
add_action('init', function () {
  $auth = function () { return current_user_can('edit_posts'); };
  // A plain custom field a site owner may register for us, readable and writable over REST.
  register_post_meta('post', 'igny8_ref', ['show_in_rest'=>true,'single'=>true,'type'=>'string','auth_callback'=>$auth]);
  // Same keys as Yoast / Rank Math / SEOPress store; those plugins do NOT register them
  // for REST writing by themselves, so tests opt in with DATA_DIR/run/seo_meta.
  if (is_file(IGNY8_RUN.'/seo_meta'))
    foreach (['_yoast_wpseo_title','_yoast_wpseo_metadesc','_yoast_wpseo_focuskw','rank_math_title','rank_math_description',
              'rank_math_focus_keyword','_seopress_titles_title','_seopress_titles_desc','_seopress_analysis_target_kw'] as $k)
      register_post_meta('post', $k, ['show_in_rest'=>true,'single'=>true,'type'=>'string','auth_callback'=>$auth]);
});
$igny8_rest = strpos($_SERVER['REQUEST_URI'] ?? '', '/wp-json') === 0 || isset($_GET['rest_route']);
$igny8_fault = $igny8_rest ? trim((string) @file_get_contents(IGNY8_RUN.'/fault')) : '';
function igny8_out($status, $body, $type = 'text/html; charset=UTF-8', $headers = []) {
  // a full status line: WordPress may already have set one, which http_response_code() would not replace
  header("HTTP/1.1 $status Fault", true, $status); header("Content-Type: $type"); header_remove('Location');
  foreach ($headers as $h) header($h);
  echo $body; exit;
}
function igny8_turn($every) {   // whether it is this call's turn; all workers count together
  $file = fopen(IGNY8_RUN.'/calls', 'c+'); flock($file, LOCK_EX);
  $number = 1 + (int) stream_get_contents($file);
  rewind($file); fwrite($file, $number); fclose($file);
  return $number % $every === 0;
}
switch (strtok($igny8_fault, ':')) {
  case 'rest_disabled':      // what "disable REST API" plugins do for requests without a login cookie
    add_filter('rest_authentication_errors', function () {
      return new WP_Error('rest_disabled', 'The REST API on this site has been disabled.', ['status'=>401]); }, 99); break;
  case 'waf_html_403':       // a firewall in front of the site
    igny8_out(403, '<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>');
  case 'login_redirect':     // coming-soon / members-only plugins
    igny8_out(302, '', 'text/html', ['Location: '.WP_HOME.'/wp-login.php?redirect_to='.rawurlencode($_SERVER['REQUEST_URI'])]);
  case 'strip_auth':         // CGI/FastCGI hosts that drop the Authorization header
    unset($_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW'], $_SERVER['HTTP_AUTHORIZATION']); break;
  case 'slow':               sleep(min(120, (int) substr(strrchr($igny8_fault, ':'), 1))); break;
  case 'throttle_429':       igny8_out(429, 'Too many requests', 'text/plain', ['Retry-After: 3']);
  case 'maintenance_503':    igny8_out(503, 'Briefly unavailable for scheduled maintenance. Check back in a minute.', 'text/html', ['Retry-After: 600']);
  case 'fatal_500':          igny8_out(500, '{"code":"internal_server_error","message":"<p>There has been a critical error on this website.<\/p>","data":{"status":500},"additional_errors":[]}', 'application/json; charset=UTF-8');
  case 'notice_prefix':      echo "\n<br />\n<b>Warning</b>:  Undefined variable \$x in <b>/plugin.php</b> on line <b>3</b><br />\n"; break;
  case 'truncated_json':     ob_start(function ($b) { return substr($b, 0, (int) (strlen($b) / 2)); }); break;
  case 'upload_fails':       add_filter('upload_dir', function ($u) { $u['error'] = 'Unable to create directory wp-content/uploads. Is its parent directory writable by the server?'; return $u; }); break;
  case 'lost_response':      // what was asked for is done, and nobody hears of it; lost_response:3 does that to every third such call
    if ($_SERVER['REQUEST_METHOD'] === 'POST' && igny8_turn(max(1, (int) substr($igny8_fault, 14))))
      add_filter('rest_pre_echo_response', function ($r) { igny8_out(502, '<html><body><h1>502 Bad Gateway</h1></body></html>'); }, 99);
    break;
}
