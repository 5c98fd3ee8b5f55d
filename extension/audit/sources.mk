# What is compiled of the audit.
SOURCES += \
	audit/area \
	audit/digest \
	audit/envelope \
	audit/event_builder \
	audit/events \
	audit/functions \
	audit/hooks_executor \
	audit/hooks_object \
	audit/hooks_planner \
	audit/hooks_session \
	audit/hooks_utility \
	audit/install \
	audit/labels \
	audit/log_identity \
	audit/log_seal \
	audit/log_writer \
	audit/names \
	audit/note \
	audit/parameters \
	audit/reader \
	audit/recover \
	audit/relations \
	audit/render \
	audit/settings \
	audit/show \
	audit/stage \
	audit/stage_record \
	audit/stage_transaction \
	audit/statement \
	audit/text \
	audit/text_cache \
	audit/verify \
	audit/verify_notes \
	audit/wal \
	audit/worker \

