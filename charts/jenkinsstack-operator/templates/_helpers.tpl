{{- define "jenkinsstack-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release name and the chart name, without saying the same twice. */}}
{{- define "jenkinsstack-operator.fullname" -}}
{{- $name := include "jenkinsstack-operator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else if hasPrefix .Release.Name $name -}}
{{- $name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "jenkinsstack-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jenkinsstack-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "jenkinsstack-operator.labels" -}}
{{ include "jenkinsstack-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: jenkinsstack
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "jenkinsstack-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "jenkinsstack-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "jenkinsstack-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "jenkinsstack-operator.clusterName" -}}
{{- required "clusterName is missing: set it to a name for this Kubernetes cluster that stays for ever and that no other cluster of the AWS account has (--set clusterName=NAME)" .Values.clusterName -}}
{{- end -}}

{{/* What the operator may do in the namespaces that it serves. */}}
{{- define "jenkinsstack-operator.stackRules" -}}
# Patch is for the finalizer; the spec is never written.
- apiGroups: [jenkinsstack.io]
  resources: [jenkinsstacks]
  verbs: [list, watch, patch]
- apiGroups: [jenkinsstack.io]
  resources: [jenkinsstacks/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
# Listed and watched by metadata only; the data of a Secret is read when a stack refers to it.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end -}}
