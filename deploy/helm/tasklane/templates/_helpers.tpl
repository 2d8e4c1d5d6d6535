{{- define "tasklane.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "tasklane.selector" -}}
app.kubernetes.io/name: tasklane
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tasklane.labels" -}}
{{ include "tasklane.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "tasklane.secret" -}}
{{ .Values.existingSecret | default (include "tasklane.name" .) }}
{{- end }}

{{- define "tasklane.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "tasklane.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tasklane.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "tasklane.env" -}}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if .Values.caConfigMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/tasklane/ca/ca.crt
{{- end }}
{{- end }}
