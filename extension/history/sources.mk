# What is compiled of the row history.
SOURCES += \
	history/changes \
	history/gate \
	history/patch \
	history/plan \
	history/store \
	history/transaction \
	history/trigger \

