create index ga_starts on group_appointments(starts_at, id);
create index ga_pract on group_appointments(practitioner_id, starts_at);
create index ga_bus on group_appointments(business_id, starts_at);
create index ga_type on group_appointments(appointment_type_id);
create index at_appt on attendees(group_appointment_id, patient_id);
create index at_pat on attendees(patient_id, group_appointment_id);
create index pa_name on patients(last_name, first_name);
