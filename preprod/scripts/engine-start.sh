#include engine-service
engine start
