#!/usr/bin/env bash
# A real, private WordPress for tests and the demo, thrown away when it is no longer wanted.
#
#   up.sh DIR [PORT]          start it, or reuse it, and print one JSON object
#   up.sh DIR serve [PORT]    the same in the foreground; SIGTERM or SIGINT stops the site
#   up.sh DIR stop            stop what was started there
#   up.sh DIR status          print the JSON if it runs, else exit 1
#   up.sh DIR cron [now]      run WP-Cron events that are due; now: make every scheduled post due first
#   up.sh DIR fault NAME      put something in the way that real sites have ('none': nothing); plugin.php lists them
#
# Database, socket, WordPress, uploads, logs and passwords live in DIR, so that several can run side by side. Only loopback is listened
# on, and MariaDB has no TCP port. The JSON is also in DIR/credentials.json; everything else goes to stderr and DIR/log.
#
#   WP_INSTALL_DEPS=auto|0       auto: install what is missing with apt-get, as root
#   WP_SRC=DIR                   the WordPress to copy (/usr/share/wordpress)
#   WP_PERMALINKS=pretty|plain   plain: no /wp-json/, only ?rest_route=
#   WP_ENV_TYPE=local|production production: over plain HTTP there are no application passwords
#   WP_UPLOAD_MAX=8M             upload_max_filesize of PHP
#   WP_WORKERS=4                 requests at once; more than 1, because a site may call itself
#   WP_TIMEZONE=UTC              the site's zone
#   WP_IDLE_STOP=SECONDS         stop after this long without a call of this script and without a lock on DIR/lease
# shellcheck disable=SC2016 # the variables in single quotes are those of PHP
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
usage() { sed -n '4,9p' "${BASH_SOURCE[0]}" | cut -c3- >&2; exit 2; }
say() { echo "wordpress: $*" >&2; }
die() { say "$*"; exit 1; }
is_number() { [[ $1 =~ ^[0-9]+$ ]]; }

[ $# -ge 1 ] || usage
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)
shift
action=up
case "${1:-}" in
  serve | stop | status | cron | fault | watch) action=$1; shift ;;
esac
argument=${1:-}

source_dir=${WP_SRC:-/usr/share/wordpress}
site=$dir/site database=$dir/db run=$dir/run log=$dir/log credentials=$dir/credentials.json
mkdir -p "$run" "$log"
touch "$run/used"

# One caller at a time. What is started here must not inherit the descriptor, or it would keep the lock.
lock() { exec 9>"$run/lock"; flock -w 300 9 || die "another call of this script holds $run/lock"; }

# ------------------------------------------------------------------------------------------------------------------------- processes

# Process ids are reused: one is trusted only while its process carries our mark.
alive() { # pidfile
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "IGNY8_WORDPRESS_DIR=$dir"
}

stop_one() { # pidfile; each leads a process group of its own
  local pid
  if alive "$1"; then
    pid=$(cat "$1")
    kill -TERM -- "-$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
  fi
  rm -f "$1"
}

stop_all() {
  stop_one "$run/php.pid"
  stop_one "$run/mariadb.pid"
  if [ -s "$run/socket_dir" ]; then rm -rf "$(cat "$run/socket_dir")" "$run/socket_dir"; fi
}

base_url() { echo "http://127.0.0.1:$(cat "$run/port")"; }

answers() {
  alive "$run/mariadb.pid" && alive "$run/php.pid" && [ -s "$credentials" ] &&
    curl -fsS -o /dev/null --max-time 20 "$(base_url)/wp-login.php" 2>/dev/null
}

# ---------------------------------------------------------------------------------------------------------------------- dependencies

missing_packages() {
  command -v curl >/dev/null || echo curl
  command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || echo mariadb-server
  if [ ! -f "$source_dir/wp-settings.php" ]; then echo wordpress wordpress-theme-twentytwentythree; fi
  if ! command -v php >/dev/null; then
    echo php-cli php-mysql php-gd php-mbstring php-xml php-curl
    return
  fi
  local modules pair
  modules=$(php -m)
  for pair in mysqli:php-mysql gd:php-gd mbstring:php-mbstring dom:php-xml curl:php-curl; do
    grep -qx "${pair%%:*}" <<<"$modules" || echo "${pair##*:}"
  done
}

install_dependencies() {
  local packages policy=/usr/sbin/policy-rc.d made_policy=
  mapfile -t packages < <(missing_packages | tr ' ' '\n')
  [ ${#packages[@]} -gt 0 ] || return 0
  [ -z "${WP_SRC:-}" ] || [ -f "$source_dir/wp-settings.php" ] || die "there is no WordPress in $source_dir"
  if [ "${WP_INSTALL_DEPS:-auto}" != auto ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "packages are missing. Install them: apt-get install --no-install-recommends ${packages[*]}"
  fi
  # Several sites may start at once on a new machine.
  exec 8>/tmp/igny8-wordpress-apt.lock
  flock 8
  mapfile -t packages < <(missing_packages | tr ' ' '\n')
  [ ${#packages[@]} -gt 0 ] || { exec 8>&-; return 0; }
  say "installing ${packages[*]}"
  # It keeps apt from starting Apache and a MariaDB of the system.
  if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; made_policy=1; fi
  if ! apt_get "${packages[@]}"; then
    [ -z "$made_policy" ] || rm -f "$policy"
    tail -5 "$log/apt.log" >&2
    die "apt-get failed"
  fi
  [ -z "$made_policy" ] || rm -f "$policy"
  exec 8>&-
}

apt_get() {
  local install=(apt-get install -y --no-install-recommends "$@")
  { DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
    { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; }; } >"$log/apt.log" 2>&1 8>&- 9>&-
}

# -------------------------------------------------------------------------------------------------------------------------- the parts

free_port() {
  php -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1);'
}
is_free() { php -r 'exit(@stream_socket_server("tcp://127.0.0.1:" . $argv[1]) ? 0 : 1);' "$1"; }

choose_port() {
  if [ "$port" = 0 ]; then
    port=$(cat "$run/port" 2>/dev/null || echo 0)
    if [ "$port" = 0 ] || ! is_free "$port"; then port=$(free_port); fi
  fi
  echo "$port" >"$run/port"
}

# The path of a socket has 107 bytes at most.
choose_socket() {
  socket=$run/m.sock
  [ ${#socket} -gt 100 ] || return 0
  if [ ! -s "$run/socket_dir" ] || [ ! -d "$(cat "$run/socket_dir")" ]; then mktemp -d /tmp/igny8-wp.XXXXXX >"$run/socket_dir"; fi
  socket=$(cat "$run/socket_dir")/m.sock
}

database_answers() {
  php -r 'mysqli_report(MYSQLI_REPORT_OFF); exit(@mysqli_connect("localhost", "root", "", "", 0, $argv[1]) ? 0 : 1);' "$socket"
}

start_database() {
  local me
  me=$(id -un)
  if ! alive "$run/mariadb.pid"; then
    if [ ! -d "$database/mysql" ]; then
      say "making the database"
      mariadb-install-db --no-defaults --user="$me" --datadir="$database" --skip-test-db --auth-root-authentication-method=normal \
        >"$log/install-db.log" 2>&1 9>&- || { tail -5 "$log/install-db.log" >&2; die "mariadb-install-db failed"; }
    fi
    rm -f "$socket"
    IGNY8_WORDPRESS_DIR=$dir setsid "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults --user="$me" \
      --datadir="$database" --socket="$socket" --pid-file="$run/mariadb.own.pid" --skip-networking --skip-log-bin \
      --innodb-buffer-pool-size=32M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF \
      --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci </dev/null >>"$log/mariadb.log" 2>&1 9>&- &
    echo $! >"$run/mariadb.pid"
  fi
  for _ in $(seq 300); do
    database_answers && return 0
    alive "$run/mariadb.pid" || { tail -5 "$log/mariadb.log" >&2; die "MariaDB ended"; }
    sleep 0.2
  done
  die "MariaDB did not answer in a minute"
}

copy_wordpress() {
  if [ ! -f "$site/.copied" ]; then
    say "copying WordPress from $source_dir"
    rm -rf "$site"
    mkdir -p "$site"
    # -L: Debian's package links some files into /usr/share/php and /usr/share/javascript. A dangling link is no reason to stop.
    cp -rL "$source_dir/." "$site/" 2>>"$log/copy.log" || true
    [ -f "$site/wp-settings.php" ] || { tail -3 "$log/copy.log" >&2; die "could not copy $source_dir"; }
    rm -f "$site/wp-config.php" "$site/.htaccess"
    mkdir -p "$site/wp-content/uploads"
    chmod -R u+w "$site"
    touch "$site/.copied"
  fi
  mkdir -p "$site/wp-content/mu-plugins"
  cp "$here/plugin.php" "$site/wp-content/mu-plugins/igny8-tests.php"
  cp "$here/router.php" "$dir/router.php"
}

write_config() {
  local salt
  [ -s "$run/salt" ] || php -r 'echo bin2hex(random_bytes(32));' >"$run/salt"
  salt=$(cat "$run/salt")
  if [ "${WP_PERMALINKS:-pretty}" = plain ]; then touch "$run/plain"; else rm -f "$run/plain"; fi
  cat >"$site/wp-config.php" <<PHP
<?php // Written on every start.
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:$socket'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', '$base'); define('WP_SITEURL', '$base');
define('WP_ENVIRONMENT_TYPE', '${WP_ENV_TYPE:-local}');
define('DISABLE_WP_CRON', true);        // Only when told to: up.sh DIR cron
define('WP_HTTP_BLOCK_EXTERNAL', true); // No look for updates, no pingbacks.
define('WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost');
define('AUTOMATIC_UPDATER_DISABLED', true); define('DISALLOW_FILE_EDIT', true);
define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', false); define('WP_DEBUG_LOG', '$log/wordpress.log');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as \$name) {
  define(\$name . '_KEY', hash('sha256', \$name . 'key$salt'));
  define(\$name . '_SALT', hash('sha256', \$name . 'salt$salt'));
}
define('IGNY8_RUN', '$run');
\$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
}

set_up_site() {
  say "setting the site up"
  php "${php_options[@]}" -d error_log="$log/setup.log" "$here/setup.php" "$site" "$base" "$credentials" "$socket" \
    "${WP_PERMALINKS:-pretty}" "${WP_TIMEZONE:-UTC}" >"$log/setup.out" 2>&1 9>&- ||
    { tail -5 "$log/setup.out" "$log/setup.log" >&2; die "WordPress could not be set up"; }
}

start_php() {
  rm -f "$run/fault"
  IGNY8_WORDPRESS_DIR=$dir PHP_CLI_SERVER_WORKERS=${WP_WORKERS:-4} setsid php "${php_options[@]}" -d error_log="$log/php.log" \
    -d opcache.enable_cli=1 -d opcache.validate_timestamps=1 -d opcache.revalidate_freq=0 \
    -S "127.0.0.1:$port" -t "$site" "$dir/router.php" </dev/null >>"$log/access.log" 2>&1 9>&- &
  echo $! >"$run/php.pid"
  for _ in $(seq 150); do
    if curl -fsS -o /dev/null --max-time 20 "$base/wp-login.php" 2>/dev/null; then return 0; fi
    alive "$run/php.pid" || { tail -5 "$log/access.log" >&2; die "PHP ended (is port $port taken?)"; }
    sleep 0.2
  done
  die "the site did not answer in 30 seconds"
}

# ---------------------------------------------------------------------------------------------------------------------------- actions

up() {
  port=${argument:-0}
  is_number "$port" || usage
  lock
  install_dependencies
  if ! answers || { [ "$port" != 0 ] && [ "$port" != "$(cat "$run/port")" ]; }; then
    stop_one "$run/php.pid"
    choose_port
    base=http://127.0.0.1:$port
    choose_socket
    local max=${WP_UPLOAD_MAX:-8M}
    php_options=(-d memory_limit=256M -d "upload_max_filesize=$max" -d "post_max_size=$((${max%[Mm]} + 1))M"
      -d display_errors=0 -d log_errors=1 -d max_execution_time=120)
    start_database
    copy_wordpress
    write_config
    set_up_site
    start_php
  fi
  if [ -n "${WP_IDLE_STOP:-}" ] && ! alive "$run/watch.pid"; then
    IGNY8_WORDPRESS_DIR=$dir setsid bash "$here/up.sh" "$dir" watch "$WP_IDLE_STOP" </dev/null >/dev/null 2>>"$log/watch.log" 9>&- &
    echo $! >"$run/watch.pid"
  fi
  exec 9>&-
  cat "$credentials"
}

serve() {
  trap 'trap - TERM INT; lock; stop_all; exit 0' TERM INT
  up
  while alive "$run/php.pid" && alive "$run/mariadb.pid"; do sleep 1 & wait $! || true; done
  stop_all
  die "the site ended on its own"
}

watch() {
  local seconds=$argument pause idle
  is_number "$seconds" || usage
  pause=$((seconds < 15 ? seconds : 15))
  while sleep "$pause" && alive "$run/php.pid"; do
    idle=$(($(date +%s) - $(stat -c %Y "$run/used")))
    exec 7>>"$dir/lease"
    if ! flock -n 7; then
      touch "$run/used"
    elif [ "$idle" -ge "$seconds" ]; then
      # Whoever wants the site meanwhile waits for the lease, and starts it anew.
      rm -f "$run/watch.pid"
      lock
      stop_all
      exit 0
    fi
    exec 7>&-
  done
}

make_scheduled_posts_due() {
  php -r '$_SERVER += ["HTTP_HOST" => $argv[2], "REQUEST_URI" => "/", "REQUEST_METHOD" => "GET"];
    require $argv[1] . "/wp-load.php"; global $wpdb;
    foreach (get_posts(["post_status" => "future", "numberposts" => -1, "fields" => "ids"]) as $id) {
      $wpdb->update($wpdb->posts, ["post_date" => current_time("mysql"), "post_date_gmt" => current_time("mysql", 1)], ["ID" => $id]);
      clean_post_cache($id); wp_clear_scheduled_hook("publish_future_post", [$id]);
      wp_schedule_single_event(time() - 1, "publish_future_post", [$id]);
    }' "$site" "127.0.0.1:$(cat "$run/port")" >&2
}

case $action in
  up) up ;;
  serve) serve ;;
  watch) watch ;;
  stop) lock; stop_one "$run/watch.pid"; stop_all; say stopped ;;
  status) answers || { say "it does not run"; exit 1; }; cat "$credentials" ;;
  cron)
    answers || die "it does not run"
    [ "$argument" != now ] || make_scheduled_posts_due
    curl -fsS --max-time 60 -o /dev/null "$(base_url)/wp-cron.php?doing_wp_cron"
    ;;
  fault)
    [ -n "$argument" ] || usage
    rm -f "$run/calls" # counted anew
    if [ "$argument" = none ]; then rm -f "$run/fault"; else printf %s "$argument" >"$run/fault"; fi
    ;;
esac
