{{- define "igny8.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: igny8
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "igny8.image" -}}
{{ .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "igny8.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "igny8.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "igny8.env" -}}
- name: IGNY8_TLS_DIR
  value: /etc/igny8/tls
- name: IGNY8_ADMIN_LISTEN
  value: 0.0.0.0:{{ .service.adminPort }}
- name: IGNY8_LOG_FORMAT
  value: {{ .root.Values.logFormat }}
- name: IGNY8_PUBLIC_URL
  value: {{ .root.Values.publicUrl }}
{{- with .root.Values.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . }}
{{- end }}
{{- range $key, $value := .service.env }}
- name: {{ $key }}
  value: {{ $value | quote }}
{{- end }}
{{- range $key, $ref := .service.secretEnv }}
- name: {{ $key }}
  valueFrom:
    secretKeyRef: { name: {{ $ref.secret }}, key: {{ $ref.key }} }
{{- end }}
{{- end }}
